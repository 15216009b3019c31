#!lua
-- uses: log
-- Claim a command before it runs; core/commands.py has the table.
-- KEYS: 1 command. ARGV: 9 retry (0 or 1), 10 keep (milliseconds), 11 node, 12 the reply "unknown"
-- Returns: { outcome, reply, node that runs it }

local known = redis.call('GET', KEYS[1])
if known then
  local running = string.match(known, '^r (.*)$')
  if running then
    return { 'running', '', running }
  end
  local at, reply = string.match(known, '^d (%d+) (.*)$')
  if now - tonumber(at) < tonumber(ARGV[10]) then
    return { 'replied', reply, '' }
  end
end
if ARGV[9] == '1' then
  -- Remembered, so that the first one cannot run if it turns up later.
  redis.call('SET', KEYS[1], 'd ' .. whole(now) .. ' ' .. ARGV[12], 'PX', ARGV[10])
  return { 'unknown', ARGV[12], '' }
end
redis.call('SET', KEYS[1], 'r ' .. ARGV[11], 'PX', ARGV[7])
return { 'new', '', '' }
