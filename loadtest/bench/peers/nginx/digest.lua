-- HMAC-SHA-512 by OpenSSL, which nginx is linked with: the fastest way that Lua has to it. The key schedule is
-- computed once and used again. Returns a function from bytes to the 64 bytes of their digest.
local ffi = require 'ffi'

ffi.cdef [[
  typedef struct hmac_ctx_st HMAC_CTX;
  typedef struct evp_md_st EVP_MD;
  HMAC_CTX *HMAC_CTX_new(void);
  int HMAC_Init_ex(HMAC_CTX *ctx, const void *key, int length, const EVP_MD *hash, void *engine);
  int HMAC_Update(HMAC_CTX *ctx, const char *data, size_t length);
  int HMAC_Final(HMAC_CTX *ctx, unsigned char *digest, unsigned int *length);
  const EVP_MD *EVP_sha512(void);
]]

local C = ffi.C

return function(key)
  local ctx = C.HMAC_CTX_new()
  assert(C.HMAC_Init_ex(ctx, key, #key, C.EVP_sha512(), nil) == 1)
  local out = ffi.new('unsigned char[64]')
  return function(text)
    C.HMAC_Init_ex(ctx, nil, 0, nil, nil)
    C.HMAC_Update(ctx, text, #text)
    C.HMAC_Final(ctx, out, nil)
    return ffi.string(out, 64)
  end
end
