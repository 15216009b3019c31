#!lua
-- uses: log
-- Keep a ticket. KEYS: 1 ticket; ARGV: 9 life in milliseconds, 10 what it says

redis.call('SET', KEYS[1], whole(now + tonumber(ARGV[9])) .. ' ' .. ARGV[10], 'PX', ARGV[9])
return 1
