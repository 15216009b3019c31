#!lua
-- uses: log player
-- Claim a session for a connection that opens; core/session.py has the table.
-- ARGV: 9 session that comes (empty for none), 10 fresh id, 11 resume, 12 remember (milliseconds),
--       13 code of a replaced session, 14 and 15 what the node has seen (epoch, offset),
--       16 types of events as JSON (empty: decides nothing)
-- Result: { outcome, session, replaced, code, types that were decided }

local comes, remember = ARGV[9], tonumber(ARGV[12])
local current = field('session')
local retired = comes ~= '' and redis.call('HGET', ids, comes)
if retired then
  local at, code = string.match(retired, '^r (%d+) (%d+)$')
  if at and now - tonumber(at) < remember then
    return { { 'refused', comes, '', tonumber(code), '' }, {}, {} }
  end
end
local expected = until_when(ARGV[11])
if current and (comes == '' or comes == current) then
  if ARGV[16] ~= '' then
    redis.call('HSETNX', player, 'types', ARGV[16])
  end
  local joined = { 'joined', current, '', 0, field('types') or '' }
  if none_lives() then
    set('resume', expected)
    return { joined, {}, snapshot() }
  end
  return { joined, {}, {} }
end
local chosen = comes ~= '' and comes or ARGV[10]
redis.call('HDEL', ids, chosen)
-- Claiming an id retires every other id that the player used; the long forgotten ones go.
local used = redis.call('HGETALL', ids)
for i = 1, #used, 2 do
  local kind, at = string.match(used[i + 1], '^(%a) (%d+)')
  if now - tonumber(at) >= remember then
    redis.call('HDEL', ids, used[i])
  elseif kind == 'l' then
    redis.call('HSET', ids, used[i], 'r ' .. whole(now) .. ' ' .. ARGV[13])
  end
end
if current then
  redis.call('HSET', ids, current, 'r ' .. whole(now) .. ' ' .. ARGV[13])
end
set('session', chosen)
if ARGV[16] ~= '' then
  set('types', ARGV[16])
else
  redis.call('HDEL', player, 'types')
end
if none_lives() then
  set('resume', expected)
end
redis.call('DEL', written)
if not current then
  if redis.call('HEXISTS', own.meta, 'over') == 1 then
    begin(own, redis.call('HGET', own.meta, 'epoch'))
  else
    position(own, ARGV[14], tonumber(ARGV[15]))
    touch(own)
  end
  return { { 'new', chosen, '', 0, ARGV[16] }, {}, snapshot() }
end
local entry = session_ended(ARGV[14], ARGV[15], current, ARGV[13], 1)
return { { 'takeover', chosen, current, 0, ARGV[16] }, entry, snapshot() }
