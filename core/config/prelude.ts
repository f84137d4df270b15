/**
 * The Lua half of the evaluator: the environment that a configuration file runs in.
 *
 * `host_*` are functions of the JavaScript half (`worker.ts`). Those that can fail answer with a string whose first
 * character tells: `=` before a result, `!` before the reason. Chunks are named `<N>` after the number of their file,
 * as Lua shortens long names in its messages.
 */
export const PRELUDE = String.raw`
local host_source, host_expand, host_read, host_credential = host_source, host_expand, host_read, host_credential
local host_report, host_fail, host_env, host_prepare = host_report, host_fail, host_env, host_prepare
local host_decode, host_mark, host_print = host_decode, host_mark, host_print
local error, getmetatable, ipairs, load, next, pairs, pcall = error, getmetatable, ipairs, load, next, pairs, pcall
local rawget, rawset, setmetatable, tostring, type = rawget, rawset, setmetatable, tostring, type
local getinfo, sethook = debug.getinfo, debug.sethook
local match, sub, gsub, format, byte = string.match, string.sub, string.gsub, string.format, string.byte
local concat, sort = table.concat, table.sort
local math_type, huge = math.type, math.huge

-- Where the configuration is, for messages.

local chunk_files = {} -- chunk name -> number of the file
local current_file, current_line = 1, 1
local lines_seen = 0

-- Every line at first; a loop is then looked at now and then, or it would spend its time here.
local function watch()
  sethook(function(_, line)
    lines_seen = lines_seen + 1
    if lines_seen > 5000 and lines_seen % 64 ~= 0 then return end
    local file = chunk_files[getinfo(2, "S").source]
    if file then
      current_file, current_line = file, line
      host_mark(file, line)
    end
  end, "l")
end

local function where()
  for level = 2, 200 do
    local info = getinfo(level, "Sl")
    if not info then break end
    local file = chunk_files[info.source]
    if file then return file, info.currentline end
  end
  return current_file, current_line
end

local function report(code, message)
  local file, line = where()
  host_report(code, file, line, message)
end

local function fail(message, ...)
  local file, line = where()
  error(format("<%d>:%d: ", file, line) .. format(message, ...), 0)
end

-- What was read so far. Sections by name, the global one under "*".

local sections = {} -- name -> { values, order, places }
local hosts = {} -- in order: { name, type, module, file, line }
local host_of = {}

local function section(name)
  local found = sections[name]
  if not found then
    found = { values = {}, order = {}, places = {} }
    sections[name] = found
  end
  return found
end
section("*")

local proxied = setmetatable({}, { __mode = "k" }) -- proxy -> the table behind it

local function plain(value)
  return proxied[value] or value
end

local function assign(name, key, value, file, line, kind)
  local target = section(name)
  local place = target.places[key]
  if place and place.file == file then
    host_report("duplicate", file, line, key, kind, place.line, place.kind)
  end
  if not place then target.order[#target.order + 1] = key end
  target.places[key] = { file = file, line = line, kind = kind }
  target.values[key] = plain(value)
end

-- Values as JSON, for the way out.

local escapes = {}
for code = 0, 31 do escapes[string.char(code)] = format("\\u%04x", code) end
escapes['"'], escapes["\\"], escapes["\127"] = '\\"', "\\\\", "\\u007f"

local function quote(text)
  return '"' .. gsub(text, '[%c"\\]', escapes) .. '"'
end

local null = setmetatable({}, { __tostring = function() return "null" end })

local function encode(value, open)
  value = plain(value)
  local kind = type(value)
  if kind == "string" then return quote(value) end
  if kind == "boolean" then return tostring(value) end
  if kind == "number" then
    if math_type(value) == "integer" then return format("%d", value) end
    if value ~= value then return nil, "a number that is none (0/0)" end
    if value == huge then return "1e999" end
    if value == -huge then return "-1e999" end
    return format("%.17g", value)
  end
  if value == null then return "null" end
  if kind ~= "table" then return nil, "a " .. kind end
  if open[value] then return nil, "a table that contains itself" end
  if open.depth >= 100 then return nil, "tables more than 100 deep" end
  open[value], open.depth = true, open.depth + 1
  local count, out, problem = 0, {}, nil
  for _ in next, value do count = count + 1 end
  if count == #value then
    for index = 1, count do
      out[index], problem = encode(value[index], open)
      if problem then return nil, problem end
    end
  else
    local item
    for key, inner in next, value do
      local key_kind = type(key)
      if key_kind ~= "string" and key_kind ~= "number" and key_kind ~= "boolean" then
        return nil, "a table with a " .. key_kind .. " as a key"
      end
      if inner ~= null then
        item, problem = encode(inner, open)
        if problem then return nil, problem end
        out[#out + 1] = quote(tostring(key)) .. ":" .. item
      end
    end
  end
  open[value], open.depth = nil, open.depth - 1
  if count == #value then return "[" .. concat(out, ",") .. "]" end
  return "{" .. concat(out, ",") .. "}"
end

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

-- Directives and options of one file.

local run -- function(path, includer): evaluates a file

local function prepared(name, kind)
  if type(name) ~= "string" then fail("%s: expected a name, got a %s", kind, type(name)) end
  local answer, problem = answered(host_prepare(name))
  if not answer then fail("%s: %s", kind, problem) end
  return answer
end

local function environment(file)
  local current = "*"

  local function set_all(name, kind, options)
    local _, line = where()
    current = "*"
    options = plain(options)
    if type(options) ~= "table" then fail("%s %q: expected options, got a %s", kind, name, type(options)) end
    local keys = {}
    for key in pairs(options) do
      if type(key) == "string" then keys[#keys + 1] = key
      else report("error", format("%s %q: expected name = value, got a value without a name", kind, name)) end
    end
    sort(keys)
    for _, key in ipairs(keys) do assign(name, key, options[key], file, line, "field") end
  end

  -- @return the section's record, or nil when another type of section has the name
  local function open(name, kind)
    local known = host_of[name]
    local _, line = where()
    if known and known.type ~= kind then
      host_report("clash", file, line, name, kind, known.file, known.line, known.type)
      current = name
      return
    end
    current = name
    if known then return known end
    known = { name = name, type = kind, file = file, line = line }
    host_of[name], hosts[#hosts + 1] = known, known
    section(name)
    return known
  end

  local directives = {}

  function directives.VirtualHost(name)
    name = prepared(name, "VirtualHost")
    open(name, "VirtualHost")
    return function(options)
      if type(options) == "string" then
        fail("VirtualHost %q: expected options, got %q; only a Component takes the name of a module", name, options)
      end
      set_all(name, "VirtualHost", options)
    end
  end
  directives.Host, directives.host = directives.VirtualHost, directives.VirtualHost

  function directives.Component(name)
    name = prepared(name, "Component")
    local record = open(name, "Component")
    if record then record.module = "component" end
    return function(module)
      if type(module) ~= "string" then return set_all(name, "Component", module) end
      if record then record.module = module end
      return function(options) return set_all(name, "Component", options) end
    end
  end
  directives.component = directives.Component

  function directives.Include(pattern)
    if type(pattern) ~= "string" then fail("Include: expected a file name, got a %s", type(pattern)) end
    local list, problem = answered(host_expand(file, pattern))
    if not list then return report("CONFIG_INCLUDE", "Include: " .. problem) end
    for path in string.gmatch(list, "[^\n]+") do run(path, "Include") end
  end
  directives.include = directives.Include

  function directives.RunScript(path)
    report("CONFIG_RUNTIME", "RunScript: running other programs is not available, got " .. quote(tostring(path)))
  end

  local function reader(kind, code, read, fallback)
    return function(path)
      if type(path) ~= "string" then fail("%s: expected a file name, got a %s", kind, type(path)) end
      local literal, problem = answered(read(file, path, kind))
      if literal then return value_of(literal) end
      report(code, kind .. ": " .. problem)
      return fallback()
    end
  end
  local function empty() return "" end
  directives.FileContents = reader("FileContents", "CONFIG_INCLUDE", host_read, empty)
  directives.FileLine = reader("FileLine", "CONFIG_INCLUDE", host_read, empty)
  directives.FileLines = reader("FileLines", "CONFIG_INCLUDE", host_read, function() return {} end)
  directives.Credential = reader("Credential", "CONFIG_CREDENTIAL", host_credential, empty)

  return setmetatable({}, {
    __metatable = false,
    __index = function(_, name)
      if type(name) ~= "string" then return nil end
      local directive = directives[name]
      if directive then return directive end
      local variable = match(name, "^ENV_(.+)")
      if variable then return (host_env(variable)) end
      if name == "Lua" then return lua end
      local value = section(current).values[name]
      if type(value) == "table" then return proxy_for(value) end
      if value ~= nil then return value end
      value = lua[name]
      if value ~= nil then
        report("warning", format("%s: direct use of the Lua library is deprecated, expected Lua.%s", name, name))
      else
        report("warning",
          format("%s: expected a value, got an unknown name (you may be missing quotes around it)", name))
      end
      return value
    end,
    __newindex = function(_, name, value)
      if type(name) ~= "string" then fail("expected an option's name, got a %s", type(name)) end
      if directives[name] or name == "Lua" then
        return report("warning", format("%s: expected the name of an option, got that of a directive", name))
      end
      local _, line = where()
      assign(current, name, value, file, line, "statement")
    end,
  })
end

local depth = 0

function run(path, includer)
  local answer, problem = answered(host_source(path))
  if not answer then
    if includer then return report("CONFIG_INCLUDE", includer .. ": " .. problem) end
    return host_report("CONFIG_FILE", 1, 1, problem)
  end
  if depth >= 50 then fail("Include: files include each other more than 50 deep") end
  local number, literal = match(answer, "^(%d+)\n(.*)$")
  number = math.tointeger(number)
  local name = "=<" .. number .. ">"
  chunk_files[name] = number
  local chunk, syntax = load(value_of(literal), name, "t", environment(number))
  if not chunk then return host_fail("CONFIG_SYNTAX", number, 1, syntax) end
  depth = depth + 1
  local ok, reason = pcall(chunk)
  depth = depth - 1
  if not ok then
    if type(reason) ~= "string" then reason = "error with a " .. type(reason) .. " as its value" end
    host_fail("CONFIG_RUNTIME", current_file, current_line, reason)
  end
end

function evaluate(main)
  watch()
  run(main)
  sethook()
  local out = {}
  for name, found in pairs(sections) do
    for _, key in ipairs(found.order) do
      local value, place = found.values[key], found.places[key]
      -- A global function is a helper of the configuration, nil takes an option back: neither is a value.
      if value ~= nil and type(value) ~= "function" then
        local text, problem = encode(value, { depth = 0 })
        if text then
          out[#out + 1] = format("[%s,%s,%s,%d,%d,%s]", quote(name), quote(key), text, place.file, place.line,
            quote(place.kind))
        else
          host_report("value", place.file, place.line, key, place.kind, problem)
        end
      end
    end
  end
  local names = {}
  for index, host in ipairs(hosts) do
    names[index] = format("[%s,%s,%s,%d,%d]", quote(host.name), quote(host.type),
      host.module and quote(host.module) or "null", host.file, host.line)
  end
  return "[[" .. concat(names, ",") .. "],[" .. concat(out, ",") .. "]]"
end

for _, name in ipairs({ "source", "expand", "read", "credential", "report", "fail", "env", "prepare", "decode", "mark",
  "print" }) do
  _G["host_" .. name] = nil
end
`;
