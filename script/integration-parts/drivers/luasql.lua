-- LuaSQL's postgres: simple Query messages only.

local driver = require "luasql.postgres"
local environment = driver.postgres()
local db

local function step(name, action)
  local good, value = pcall(action)
  print(name, good and "ok" or "failed", (tostring(value):gsub("\n", " ")))
  io.stdout:flush()
end

local function run(sql)
  return assert(db:execute(sql))
end

local function row(sql)
  local cursor = run(sql)
  local found = cursor:fetch({}, "n")
  cursor:close()
  return found
end

local function one(sql)
  return row(sql)[1]
end

local function failure(sql)
  local _, problem = db:execute(sql)
  problem = tostring(problem)
  return problem:find("division by zero") and "22012" or problem:find("transaction is aborted") and "25P02" or problem
end

step("login", function()
  local source = string.format("host=%s port=%s dbname=%s user=%s password=%s sslmode=verify-full sslrootcert='%s'",
    os.getenv("PGHOST"), os.getenv("PGPORT"), os.getenv("PGDATABASE"), os.getenv("PGUSER"), os.getenv("PGPASSWORD"),
    os.getenv("PGSSLROOTCERT"))
  db = assert(environment:connect(source))
  return table.concat(row("SELECT current_user, current_database()"), " ")
end)
step("simple", function() return one("SELECT 6 * 7") end)
print("parameters", "not offered", "LuaSQL has none")
step("prepared", function()
  run("PREPARE twice (int) AS SELECT $1 * 2")
  local total = 0
  for i = 1, 20 do total = total + math.tointeger(one("EXECUTE twice (" .. i .. ")")) end
  return total
end)
print("batch", "not offered", "LuaSQL has none")
print("copy in", "not offered", "LuaSQL has none")
print("copy out", "not offered", "LuaSQL has none")
step("error", function()
  run("CREATE TEMPORARY TABLE items (id int)")
  run("INSERT INTO items SELECT generate_series(1, 100)")
  run("BEGIN")
  run("INSERT INTO items VALUES (-1)")
  local states = failure("SELECT 1 / 0") .. " " .. failure("SELECT 1")
  run("ROLLBACK")
  return states .. " " .. one("SELECT count(*) FROM items")
end)
print("cancel", "not offered", "LuaSQL has none")
step("large", function()
  return one("SELECT length('" .. ("y"):rep(1500000) .. "')") .. " " .. #one("SELECT repeat('x', 3000000)")
end)
step("many", function()
  local cursor = run("SELECT i, 'row ' || i FROM generate_series(1, 100000) i")
  local count, total = 0, 0
  local found = cursor:fetch({}, "n")
  while found do
    assert(found[2] == "row " .. found[1], found[2])
    count = count + 1
    total = total + math.tointeger(found[1])
    found = cursor:fetch(found, "n")
  end
  return count .. " " .. total
end)
print("notice", "not offered", "LuaSQL shows none")
print("notify", "not offered", "LuaSQL has none")
step("close", function()
  db:close()
  environment:close()
  return "closed"
end)
print("version", "ok", driver._VERSION .. ", " .. _VERSION)
