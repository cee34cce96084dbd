-- Appends events to the stream of a blog. KEYS: events; ARGV: number, kind, id and time of each
for i = 1, #ARGV, 4 do
    redis.call('XADD', KEYS[1], ARGV[i] .. '-0', 'kind', ARGV[i + 1], 'id', ARGV[i + 2], 'at', ARGV[i + 3], 'by', '0')
end
return 1
