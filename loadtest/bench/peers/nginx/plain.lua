-- The plain peer: credentials out of the body, HMAC, one GET of the finished document, which is the answer.
-- No checks, no limits, no embargo.
local cjson = require 'cjson.safe'
local redis = require 'nginx.redis'
local makeDigest = require 'digest'

local _M = {}
local digest, redisPort

function _M.configure(pepper, port)
  digest = makeDigest(pepper)
  redisPort = port
end

function _M.answer()
  ngx.req.read_body()
  local fields = cjson.decode(ngx.req.get_body_data())
  if not fields then return ngx.exit(400) end
  local id = digest(ngx.var.series .. '\n' .. fields.candidateNumber .. '\n' .. fields.identityNumber):sub(1, 16)

  local client = redis:new()
  client:set_timeout(1000)
  if not client:connect('127.0.0.1', redisPort) then return ngx.exit(503) end
  local document = client:get('d' .. id)
  if not document then return ngx.exit(503) end
  client:set_keepalive(60000, 128)
  if document == ngx.null then return ngx.exit(404) end
  ngx.header['Content-Type'] = 'application/json; charset=utf-8'
  ngx.header['Cache-Control'] = 'no-store, private'
  ngx.header['Content-Length'] = #document
  ngx.print(document)
end

return _M
