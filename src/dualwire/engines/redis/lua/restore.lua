#!lua
-- uses: log player
-- Redis came back, perhaps empty or without its newest writes: put a player there as a node knows
-- it. What is there counts, unless its log stands behind what the node has seen.
-- ARGV: 9 session (empty for none), 10 since (milliseconds, empty if not present), 11 node,
--       12 grace, 13 resume, 14 code of a replaced session, 15 and 16 what the node has seen,
--       17 types of events as JSON (empty: undecided), 18 number of connections, they, number of
--       rooms, stream and start of each, and then info: name, JSON, ...
-- Result: whether the node's session is the player's

local session, at = ARGV[9], 19
local connections = {}
for _ = 1, tonumber(ARGV[18]) do
  connections[#connections + 1] = ARGV[at]
  at = at + 1
end
local behind = is_behind(own, ARGV[15], tonumber(ARGV[16]))
if behind then
  begin(own, ARGV[15])
end
local current = field('session')
local over = session ~= '' and string.match(redis.call('HGET', ids, session) or '', '^r')
if session ~= '' and (over or (current and current ~= session)) then
  -- Another node came first with a later session: ours is over, and its connections learn it.
  local entry = {}
  if #connections > 0 then
    entry = session_ended('', 0, session, ARGV[14], 1)
  end
  return { 0, entry, {} }
end
if session ~= '' then
  set('session', session)
  redis.call('HDEL', ids, session)
  if ARGV[17] ~= '' then
    redis.call('HSETNX', player, 'types', ARGV[17])
  end
end
local rest = at + 1 + 2 * tonumber(ARGV[at])
if behind then
  redis.call('DEL', rooms)
  for i = at + 1, rest - 1, 2 do
    redis.call('HSET', rooms, ARGV[i], ARGV[i + 1])
  end
end
for i = rest, #ARGV, 2 do
  redis.call('HSETNX', info, ARGV[i], ARGV[i + 1])
end
for _, connection in ipairs(connections) do
  redis.call('HSET', conns, connection, ARGV[11])
end
if (ARGV[10] ~= '' or #connections > 0) and not field('present') then
  set('present', 1, 'since', ARGV[10] ~= '' and ARGV[10] or whole(wall))
end
if none_lives() and not field('resume') then
  set('grace', until_when(ARGV[12]), 'resume', until_when(ARGV[13]))
end
return { 1, {}, snapshot() }
