/** The Lua library, as far as a configuration may use it: what it sees as `Lua`. */
export const LIBRARY = String.raw`
-- The Lua library, as far as a configuration may use it.

local function copy(library, ...)
  local out = {}
  for _, name in ipairs({ ... }) do out[name] = library[name] end
  return out
end

local function closed(library, prefix, names)
  local refused = {}
  for name in names:gmatch("%S+") do refused[name] = true end
  return setmetatable(library, {
    __metatable = false,
    __index = function(_, name)
      if refused[name] then fail("%s%s is not available in a configuration file", prefix, name) end
    end,
  })
end

local function answered(answer)
  if sub(answer, 1, 1) == "!" then return nil, sub(answer, 2) end
  return sub(answer, 2)
end

local function value_of(literal)
  return load("local null = ...; return " .. literal, "=value", "t", {})(null)
end

local json = {
  null = null,
  encode = function(value)
    local text, problem = encode(value, { depth = 0 })
    if not text then fail("json.encode: %s cannot be encoded", problem) end
    return text
  end,
  decode = function(text)
    if type(text) ~= "string" then return nil, "expected a string" end
    local literal, problem = answered(host_decode(text))
    if not literal then return nil, problem end
    return value_of(literal)
  end,
}

local lua = copy(_G, "_VERSION", "assert", "error", "getmetatable", "ipairs", "next", "pairs", "pcall", "rawequal",
  "rawget", "rawlen", "rawset", "select", "setmetatable", "tonumber", "tostring", "type", "xpcall")
lua.math = copy(math, "abs", "acos", "asin", "atan", "ceil", "cos", "deg", "exp", "floor", "fmod", "huge", "log", "max",
  "maxinteger", "min", "mininteger", "modf", "pi", "rad", "random", "randomseed", "sin", "sqrt", "tan", "tointeger",
  "type", "ult")
lua.string = copy(string, "byte", "char", "find", "format", "gmatch", "gsub", "len", "lower", "match", "pack",
  "packsize", "rep", "reverse", "sub", "unpack", "upper")
lua.table = copy(table, "concat", "insert", "move", "pack", "remove", "sort", "unpack")
lua.utf8 = copy(utf8, "char", "charpattern", "codepoint", "codes", "len", "offset")
lua.unpack = table.unpack
lua.os = closed(copy(os, "clock", "date", "time"), "os.",
  "difftime execute exit remove rename setlocale tmpname")
function lua.os.getenv(name)
  return (host_env(tostring(name)))
end
function lua.print(...)
  local words = {}
  for index = 1, select("#", ...) do words[index] = tostring((select(index, ...))) end
  host_print(concat(words, "\t"))
end
function lua.require(name)
  if name == "prosody.util.json" or name == "util.json" then return json end
  fail('require: "%s" is not available in a configuration file, only "prosody.util.json" is', tostring(name))
end
closed(lua, "", "collectgarbage coroutine debug dofile io load loadfile loadstring package")
getmetatable("").__metatable = false
`;
