/** What a configuration gets when it reads an option that is a table. */
export const OPTION_PROXY = String.raw`
-- An option that is a table, as the configuration sees it when it reads the name.

local proxy_meta = { __metatable = false }
local proxy_methods = {}

local function proxy_for(value)
  local proxy = setmetatable({}, proxy_meta)
  proxied[proxy] = value
  return proxy
end

function proxy_methods:append(more)
  local list = proxied[self]
  more = plain(more)
  if type(more) ~= "table" then fail("append: expected a list, got a %s", type(more)) end
  if more[1] ~= nil then
    for _, item in ipairs(more) do list[#list + 1] = item end
  else
    for key, item in pairs(more) do list[key] = item end
  end
  return self
end
function proxy_methods:value()
  return proxied[self]
end
function proxy_methods:values()
  local list, key = proxied[self], nil
  return function()
    local value
    key, value = next(list, key)
    return value
  end
end
function proxy_meta.__index(self, name)
  local value = proxied[self][name]
  if value == nil then value = proxy_methods[name] end
  if value == nil and type(name) == "string" then
    fail("%s: an option has no such operation, expected append, value or values", name)
  end
  return value
end
function proxy_meta.__newindex(self, name, value) proxied[self][name] = plain(value) end
function proxy_meta.__len(self) return #proxied[self] end
function proxy_meta.__pairs(self) return next, proxied[self], nil end
function proxy_meta.__call(self, more)
  if type(plain(more)) ~= "table" then fail('missing "=" before the value?') end
  return proxy_methods.append(self, more)
end
`;
