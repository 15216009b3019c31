-- Shared: a player's slot. Needs log.
--
-- KEYS: 1 player, 2 conns, 3 rooms, 4 info, 5 ids, 6 written, 7 meta, 8 log, 9 channel
--   player   hash: session, types (JSON); present, since (milliseconds); grace, resume (until when); version
--   conns    hash: connection -> node
--   rooms    hash: stream of the room -> "epoch offset" at which the player came in
--   info     hash: what the application tells -> JSON
--   ids      hash: session that is over -> "l AT" (lapsed) or "r AT CODE" (retired)
--   written  hash: stream -> "epoch offset"
-- What a script returns is { result, appended entry or {}, snapshot or {} }.

local player, conns, rooms, info = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local ids, written = KEYS[5], KEYS[6]
local own = { meta = KEYS[7], log = KEYS[8], player = KEYS[1], channel = KEYS[9] }

local function field(name)
  return redis.call('HGET', player, name) or nil
end

local function number(name)
  return tonumber(field(name) or 0)
end

local function set(...)
  redis.call('HSET', player, ...)
end

local function until_when(milliseconds)
  return whole(now + tonumber(milliseconds))
end

local function none_lives()
  return redis.call('HLEN', conns) == 0
end

-- When somebody has to look at the player again; empty for not at all.
local function due()
  if not none_lives() then
    return ''
  end
  local at = field('resume')
  if at and field('present') then
    at = whole(math.min(tonumber(at), number('grace')))
  end
  return at or ''
end

-- The player as the index has it, with a larger version than before.
local function snapshot()
  local version = math.max(number('version') + 1, now * 1000)
  set('version', whole(version))
  for i = 1, 6 do
    redis.call('PEXPIRE', KEYS[i], ARGV[7])
  end
  return {
    whole(version),
    field('session') or '',
    field('present') and field('since') or '',
    due(),
    redis.call('HKEYS', conns),
    redis.call('HKEYS', rooms),
    redis.call('HGETALL', info),
  }
end

local function append_own(seen_epoch, seen_offset, body)
  local epoch, offset = append(own, seen_epoch, tonumber(seen_offset), body)
  return { epoch, offset, now, body }
end

local function session_ended(seen_epoch, seen_offset, session, code, flush)
  return append_own(seen_epoch, seen_offset, 'x' .. code .. ' ' .. flush .. ' ' .. session)
end

-- What belongs to a session that is over. Its history stays readable for those who still have to
-- learn of its end; the next session begins a larger epoch.
local function forget()
  redis.call('DEL', conns, rooms, info, written)
  redis.call('HDEL', player, 'session', 'types', 'present', 'since', 'grace', 'resume')
  if redis.call('EXISTS', own.meta) == 1 then
    redis.call('HSET', own.meta, 'over', 1)
    touch(own)
  end
end
