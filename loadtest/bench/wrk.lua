-- The load: sends the requests of a file one after the other, round and round, and prints the sums as JSON.
-- Arguments: the file of requests, "count" to count the answers by status (else wrk's own count of 4xx and 5xx
-- is the check, which costs the load's core less).
local requests = {}
local threads = {}

-- The file: for each request its length in bytes, a line feed, and the request as it goes over the wire.
local function readRequests(path)
  local file = assert(io.open(path, 'rb'))
  local text = file:read('*a')
  file:close()
  local at = 1
  while at <= #text do
    local lineEnd = text:find('\n', at, true)
    local length = tonumber(text:sub(at, lineEnd - 1))
    requests[#requests + 1] = text:sub(lineEnd + 1, lineEnd + length)
    at = lineEnd + 1 + length
  end
end

function setup(thread)
  threads[#threads + 1] = thread
end

function init(args)
  readRequests(args[1])
  statuses = {}
  if args[2] == 'count' then
    response = function(status)
      statuses[status] = (statuses[status] or 0) + 1
    end
  end
end

local sent = 0
function request()
  sent = sent + 1
  if sent > #requests then sent = 1 end
  return requests[sent]
end

function done(summary, latency)
  local counted = {}
  for _, thread in ipairs(threads) do
    for status, count in pairs(thread:get('statuses') or {}) do
      counted[#counted + 1] = string.format('"%d":%d', status, count)
    end
  end
  local errors = summary.errors
  print(string.format(
    'bench:{"requests":%d,"durationUs":%d,"bytes":%d,"errors":%d,"badStatuses":%d,"p50Us":%d,"p99Us":%d,"statuses":{%s}}',
    summary.requests, summary.duration, summary.bytes,
    errors.connect + errors.read + errors.write + errors.timeout, errors.status,
    latency:percentile(50), latency:percentile(99), table.concat(counted, ',')))
end
