# Ruby's pg: libpq with parameters, prepared statements, pipelines, COPY and notifications.

require "pg"

STDOUT.sync = true
C = PG.connect(host: ENV["PGHOST"], port: ENV["PGPORT"], dbname: ENV["PGDATABASE"], user: ENV["PGUSER"],
               password: ENV["PGPASSWORD"], sslmode: "verify-full", sslrootcert: ENV["PGSSLROOTCERT"])

def step(name)
  puts "#{name}\tok\t#{yield}"
rescue StandardError => problem
  puts "#{name}\tfailed\t#{problem.class}: #{problem.message.tr("\n", " ")}"
end

def one(sql, values = [])
  values.empty? ? C.exec(sql).getvalue(0, 0) : C.exec_params(sql, values).getvalue(0, 0)
end

def state_of
  yield
  "none"
rescue PG::Error => problem
  problem.result.error_field(PG::PG_DIAG_SQLSTATE)
end

step("login") { C.exec("SELECT current_user, current_database()").values[0].join(" ") }
step("simple") { one("SELECT 6 * 7") }
step("parameters") do
  row = C.exec_params("SELECT $1::int + $2::int, $3::text, $4::text", [40, 2, "Grüße, 世界", nil]).values[0]
  "#{row[0]} #{row[1]} #{row[2].nil? ? "null" : row[2]}"
end
step("prepared") do
  C.prepare("twice", "SELECT $1::int * 2")
  (1..20).sum { |i| C.exec_prepared("twice", [i]).getvalue(0, 0).to_i }
end
step("batch") do
  C.exec("CREATE TEMPORARY TABLE items (id int, label text)")
  C.enter_pipeline_mode
  100.times { |i| C.send_query_params("INSERT INTO items VALUES ($1, $2)", [i, "item #{i}"]) }
  C.pipeline_sync
  done = 0
  while done < 100
    result = C.get_result or next
    result.check
    done += 1
  end
  C.get_result
  raise "no sync" unless C.get_result.result_status == PG::PGRES_PIPELINE_SYNC
  C.exit_pipeline_mode
  one("SELECT count(*) FROM items")
end
step("copy in") do
  C.exec("CREATE TEMPORARY TABLE copied (id int, label text)")
  C.copy_data("COPY copied FROM STDIN") { (1..1000).each { |i| C.put_copy_data("#{i}\tcopied #{i}\n") } }
  one("SELECT count(*) FROM copied")
end
step("copy out") do
  count = 0
  C.copy_data("COPY copied TO STDOUT") do
    while (line = C.get_copy_data)
      count += 1 if line == "#{count + 1}\tcopied #{count + 1}\n"
    end
  end
  count
end
step("error") do
  states = []
  C.exec("BEGIN")
  C.exec_params("INSERT INTO items VALUES ($1, $2)", [-1, "gone"])
  states << state_of { C.exec_params("SELECT 1 / $1::int", [0]) }
  states << state_of { C.exec("SELECT 1") }
  C.exec("ROLLBACK")
  [*states, one("SELECT count(*) FROM items")].join(" ")
end
step("cancel") do
  thread = Thread.new { sleep 0.5; C.cancel }
  state = state_of { C.exec("SELECT pg_sleep(30)") }
  thread.join
  "#{state} #{one("SELECT 1")}"
end
step("large") do
  "#{one("SELECT length($1::text)", ["y" * 1_500_000])} #{one("SELECT repeat('x', 3000000)").length}"
end
step("many") do
  count = total = 0
  C.send_query("SELECT i, 'row ' || i FROM generate_series(1, 100000) i")
  C.set_single_row_mode
  C.get_result.stream_each_row do |number, label|
    raise "row #{number} says #{label}" unless label == "row #{number}"
    count += 1
    total += number.to_i
  end
  C.get_result
  "#{count} #{total}"
end
step("notice") do
  heard = nil
  C.set_notice_receiver { |result| heard = result.error_field(PG::PG_DIAG_MESSAGE_PRIMARY) }
  C.exec("DO $$ BEGIN RAISE NOTICE 'hello from the server'; END $$")
  heard
end
step("notify") do
  C.exec("LISTEN news")
  C.exec("SELECT pg_notify('news', 'something new')")
  heard = nil
  C.wait_for_notify(10) { |channel, _, payload| heard = "#{channel} #{payload}" }
  heard
end
step("close") { C.close; "closed" }
puts "version\tok\t#{PG::VERSION}, libpq #{PG.library_version / 10000}.#{PG.library_version % 10000}"
