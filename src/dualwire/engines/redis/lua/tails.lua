#!lua flags=allow-oom
-- Which of several streams of one slot stand elsewhere than the node thinks.
-- KEYS: meta of each; ARGV: "epoch offset" of each
-- Returns: the numbers of those, from 1

local moved = {}
for i, meta in ipairs(KEYS) do
  local at = redis.call('HMGET', meta, 'epoch', 'offset')
  if (at[1] or '') .. ' ' .. (at[2] or '') ~= ARGV[i] then
    moved[#moved + 1] = i
  end
end
return moved
