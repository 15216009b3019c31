#!lua flags=allow-oom
-- uses: log player
-- Connections ended: one, or all of a node that died. The last one starts the grace.
-- ARGV: 9 connection (empty for all of the node), 10 node, 11 grace, 12 resume (milliseconds)
-- Result: how many there were

local gone = 0
if ARGV[9] ~= '' then
  gone = redis.call('HDEL', conns, ARGV[9])
else
  local all = redis.call('HGETALL', conns)
  for i = 1, #all, 2 do
    if all[i + 1] == ARGV[10] then
      gone = gone + redis.call('HDEL', conns, all[i])
    end
  end
end
if gone > 0 and none_lives() then
  set('grace', until_when(ARGV[11]), 'resume', until_when(ARGV[12]))
end
if gone == 0 and ARGV[9] ~= '' then
  return { 0, {}, {} }
end
return { gone, {}, snapshot() }
