/** The environment of one file: directives, and names as options. */
export const DIRECTIVES = String.raw`
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
`;
