-- Shared: the time, and the log of a stream.
--
-- ARGV of every script begins with
--   1 now, 2 wall   milliseconds; empty for the time of this Redis (tests bring their own)
--   3 random        8 hexadecimal digits, for a new epoch
--   4 events, 5 bytes, 6 age   limits of the log; age in milliseconds, empty for none
--   7 keep          milliseconds after which an idle log ends its epoch
--   8 idle          the same for the log of a player without a session; empty for other streams
--
-- A stream is { meta = hash of epoch, offset, bytes; log = list; channel; player = hash or nil }.
-- The list holds the newest entries, so the first has the offset meta.offset - #list + 1.

local now, wall = tonumber(ARGV[1]), tonumber(ARGV[2])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
  wall = now
end

local function whole(number)
  return string.format('%.0f', number)
end

-- Later than every epoch before, and than `after`, even if the clock went back.
local function new_epoch(after)
  local milliseconds = wall
  if after ~= '' then
    milliseconds = math.max(milliseconds, tonumber(string.sub(after, 1, 12), 16) + 1)
  end
  return string.format('%012x', milliseconds) .. ARGV[3]
end

local function tell(stream, epoch, offset, body)
  local message = epoch .. ' ' .. whole(offset) .. ' ' .. whole(now) .. ' ' .. body
  redis.call('SPUBLISH', stream.channel, message)
end

-- How long the stream is kept without being used.
local function touch(stream)
  local keep, log = ARGV[7], ARGV[7]
  if stream.player and ARGV[8] ~= '' and redis.call('HEXISTS', stream.player, 'session') == 0 then
    keep, log = ARGV[8], ARGV[8]
  elseif ARGV[6] ~= '' then
    log = ARGV[6]
  end
  redis.call('PEXPIRE', stream.meta, keep)
  redis.call('PEXPIRE', stream.log, log)
end

-- End the life of a log and begin another.
local function begin(stream, after)
  local epoch = new_epoch(after)
  redis.call('HSET', stream.meta, 'epoch', epoch, 'offset', 0, 'bytes', 0)
  redis.call('HDEL', stream.meta, 'over')
  redis.call('DEL', stream.log)
  touch(stream)
  tell(stream, epoch, 0, '')
  return epoch, 0
end

-- Whether a log lost its end: it stands behind what a node has seen of it.
local function is_behind(stream, seen_epoch, seen_offset)
  local at = redis.call('HMGET', stream.meta, 'epoch', 'offset')
  local epoch, offset = at[1] or '', tonumber(at[2] or 0)
  return epoch < seen_epoch or (epoch == seen_epoch and offset < seen_offset), epoch, offset
end

-- Where a stream stands. One that is not there, or lost its end, begins a larger epoch, so that no
-- offset is used twice.
local function position(stream, seen_epoch, seen_offset)
  local behind, epoch, offset = is_behind(stream, seen_epoch, seen_offset)
  if behind or epoch == '' then
    return begin(stream, epoch < seen_epoch and seen_epoch or epoch)
  end
  return epoch, offset
end

local function drop_oldest(stream)
  local item = redis.call('LPOP', stream.log)
  return -#item
end

-- Trim what is too old; says how many entries are left.
local function expire(stream)
  local left = redis.call('LLEN', stream.log)
  local freed = 0
  while left > 0 and ARGV[6] ~= '' do
    local oldest = redis.call('LINDEX', stream.log, 0)
    if now - tonumber(string.match(oldest, '^%d+')) < tonumber(ARGV[6]) then
      break
    end
    freed = freed + drop_oldest(stream)
    left = left - 1
  end
  if left == 0 then
    redis.call('HSET', stream.meta, 'bytes', 0)
  elseif freed ~= 0 then
    redis.call('HINCRBY', stream.meta, 'bytes', freed)
  end
  return left
end

-- Number an entry, keep it, trim, and tell of it.
local function append(stream, seen_epoch, seen_offset, body)
  if redis.call('HEXISTS', stream.meta, 'over') == 1 then
    begin(stream, redis.call('HGET', stream.meta, 'epoch'))
  end
  local epoch = position(stream, seen_epoch, seen_offset)
  expire(stream)
  local item = whole(now) .. ' ' .. body
  local offset = redis.call('HINCRBY', stream.meta, 'offset', 1)
  local bytes = redis.call('HINCRBY', stream.meta, 'bytes', #item)
  local kept = redis.call('RPUSH', stream.log, item)
  local freed = 0
  -- The newest entry stays whatever its size: connections are due it.
  while kept > 1 and (kept > tonumber(ARGV[4]) or bytes + freed > tonumber(ARGV[5])) do
    freed = freed + drop_oldest(stream)
    kept = kept - 1
  end
  if freed ~= 0 then
    redis.call('HINCRBY', stream.meta, 'bytes', freed)
  end
  touch(stream)
  tell(stream, epoch, offset, body)
  return epoch, offset
end
