// libpqxx: C++ over libpq, transactions, prepared statements, a pipeline, streams that are COPY.

#include <iostream>
#include <thread>
#include <pqxx/pqxx>

static std::string heard;

template <typename Action> static void step(const std::string &name, Action action) {
    try {
        std::cout << name << "\tok\t" << action() << std::endl;
    } catch (const std::exception &problem) {
        std::string text = problem.what();
        for (char &c : text) if (c == '\n') c = ' ';
        std::cout << name << "\tfailed\t" << text << std::endl;
    }
}

struct Handler : pqxx::errorhandler {
    explicit Handler(pqxx::connection_base &db) : pqxx::errorhandler(db) {}
    bool operator()(const char message[]) noexcept override {
        heard = message;
        return false;
    }
};

struct Receiver : pqxx::notification_receiver {
    std::string text;
    Receiver(pqxx::connection_base &db) : pqxx::notification_receiver(db, "news") {}
    void operator()(const std::string &payload, int) override { text = channel() + " " + payload; }
};

static std::string one(pqxx::connection &db, const std::string &sql) {
    pqxx::nontransaction work(db);
    return work.exec1(sql)[0].c_str();
}

template <typename Action> static std::string state_of(Action action) {
    try {
        action();
        return "none";
    } catch (const pqxx::sql_error &problem) {
        return problem.sqlstate();
    }
}

int main() {
    pqxx::connection db("sslmode=verify-full");
    step("login", [&] { return one(db, "SELECT current_user || ' ' || current_database()"); });
    step("simple", [&] { return one(db, "SELECT 6 * 7"); });
    step("parameters", [&] {
        pqxx::nontransaction work(db);
        const char *null = nullptr;
        auto row = work.exec_params1("SELECT $1::int + $2::int, $3::text, $4::text", 40, 2, "Grüße, 世界", null);
        return std::string(row[0].c_str()) + " " + row[1].c_str() + " " + (row[2].is_null() ? "null" : row[2].c_str());
    });
    step("prepared", [&] {
        db.prepare("twice", "SELECT $1::int * 2");
        pqxx::nontransaction work(db);
        int total = 0;
        for (int i = 1; i <= 20; i++) total += work.exec_prepared1("twice", i)[0].as<int>();
        return total;
    });
    step("batch", [&] {
        pqxx::work work(db);
        work.exec0("CREATE TEMPORARY TABLE items (id int, label text)");
        pqxx::pipeline pipeline(work);
        for (int i = 0; i < 100; i++) {
            // All that is retained goes as one Query; without that it is a matter of time what goes together.
            if (i % 25 == 0) pipeline.retain(25);
            pipeline.insert("INSERT INTO items VALUES (" + std::to_string(i) + ", 'item')");
            if (i % 25 == 24) pipeline.complete();
        }
        pipeline.complete();
        work.commit();
        return one(db, "SELECT count(*) FROM items");
    });
    step("copy in", [&] {
        pqxx::work work(db);
        work.exec0("CREATE TEMPORARY TABLE copied (id int, label text)");
        pqxx::stream_to stream(work, "copied");
        for (int i = 1; i <= 1000; i++) stream << std::make_tuple(i, "copied " + std::to_string(i));
        stream.complete();
        work.commit();
        return one(db, "SELECT count(*) FROM copied");
    });
    step("copy out", [&] {
        pqxx::work work(db);
        pqxx::stream_from stream(work, "copied");
        std::tuple<int, std::string> row;
        int count = 0;
        while (stream >> row) {
            if (std::get<1>(row) == "copied " + std::to_string(count + 1)) count++;
        }
        return count;
    });
    step("error", [&] {
        // pqxx::work would not send the second statement: this transaction is the server's alone.
        pqxx::nontransaction work(db);
        work.exec0("BEGIN");
        work.exec0("INSERT INTO items VALUES (-1, 'gone')");
        std::string states = state_of([&] { work.exec("SELECT 1 / 0"); });
        states += " " + state_of([&] { work.exec("SELECT 1"); });
        work.exec0("ROLLBACK");
        return states + " " + work.exec1("SELECT count(*) FROM items")[0].c_str();
    });
    step("cancel", [&] {
        std::thread thread([&] {
            std::this_thread::sleep_for(std::chrono::milliseconds(500));
            db.cancel_query();
        });
        auto state = state_of([&] { one(db, "SELECT pg_sleep(30)"); });
        thread.join();
        return state + " " + one(db, "SELECT 1");
    });
    step("large", [&] {
        pqxx::nontransaction work(db);
        auto sent = work.exec_params1("SELECT length($1::text)", std::string(1500000, 'y'))[0].as<std::string>();
        return sent + " " + std::to_string(work.exec1("SELECT repeat('x', 3000000)")[0].size());
    });
    step("many", [&] {
        pqxx::work work(db);
        pqxx::icursorstream cursor(work, "SELECT i, 'row ' || i FROM generate_series(1, 100000) i", "rows", 20000);
        long count = 0, total = 0;
        for (pqxx::result rows; cursor >> rows;) {
            for (const auto &row : rows) {
                if (row[1].as<std::string>() != "row " + row[0].as<std::string>()) return std::string("another row");
                count++;
                total += row[0].as<long>();
            }
        }
        return std::to_string(count) + " " + std::to_string(total);
    });
    step("notice", [&] {
        Handler handler(db);
        pqxx::nontransaction work(db);
        work.exec0("DO $$ BEGIN RAISE NOTICE 'hello from the server'; END $$");
        return heard.substr(heard.find("hello"), heard.find_last_not_of('\n') + 1 - heard.find("hello"));
    });
    step("notify", [&] {
        Receiver receiver(db);
        {
            pqxx::nontransaction work(db);
            work.exec("SELECT pg_notify('news', 'something new')");
        }
        db.await_notification(10, 0);
        return receiver.text;
    });
    step("close", [&] {
        db.disconnect();
        return "closed";
    });
    std::cout << "version\tok\t" << PQXX_VERSION << std::endl;
}
