// pgjdbc: unnamed statements at first, named ones from the fifth execution on, batches, fetch sizes, COPY, cancel.

import java.io.StringReader;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;
import java.util.Timer;
import java.util.TimerTask;
import java.io.PrintStream;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

public class Jdbc {
    interface Action {
        Object run() throws Exception;
    }

    static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    static Connection connection;

    static void step(String name, Action action) {
        try {
            OUT.println(name + "\tok\t" + action.run());
        } catch (Exception problem) {
            OUT.println(name + "\tfailed\t" + problem.toString().replace('\n', ' '));
        }
    }

    static Connection connect() throws SQLException {
        Properties p = new Properties();
        p.setProperty("user", System.getenv("PGUSER"));
        p.setProperty("password", System.getenv("PGPASSWORD"));
        p.setProperty("sslmode", "verify-full");
        p.setProperty("sslrootcert", System.getenv("PGSSLROOTCERT"));
        return DriverManager.getConnection("jdbc:postgresql://" + System.getenv("PGHOST") + ":"
                + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE"), p);
    }

    static String one(String sql) throws SQLException {
        try (Statement s = connection.createStatement(); ResultSet r = s.executeQuery(sql)) {
            r.next();
            return r.getString(1);
        }
    }

    static void run(String sql) throws SQLException {
        try (Statement s = connection.createStatement()) {
            s.execute(sql);
        }
    }

    static String login() throws SQLException {
        connection = connect();
        return one("SELECT current_user") + " " + one("SELECT current_database()");
    }

    static String parameters() throws SQLException {
        try (PreparedStatement s = connection.prepareStatement("SELECT ?::int + ?::int, ?::text, ?::text")) {
            s.setInt(1, 40);
            s.setInt(2, 2);
            s.setString(3, "Grüße, 世界");
            s.setString(4, null);
            ResultSet r = s.executeQuery();
            r.next();
            return r.getInt(1) + " " + r.getString(2) + " " + r.getString(3);
        }
    }

    static int prepared() throws SQLException {
        int total = 0;
        try (PreparedStatement s = connection.prepareStatement("SELECT ?::int * 2")) {
            for (int i = 1; i <= 20; i++) {
                s.setInt(1, i);
                ResultSet r = s.executeQuery();
                r.next();
                total += r.getInt(1);
            }
        }
        return total;
    }

    static String batch() throws SQLException {
        run("CREATE TEMPORARY TABLE items (id int, label text)");
        try (PreparedStatement s = connection.prepareStatement("INSERT INTO items VALUES (?, ?)")) {
            for (int i = 0; i < 100; i++) {
                s.setInt(1, i);
                s.setString(2, "item " + i);
                s.addBatch();
            }
            s.executeBatch();
        }
        return one("SELECT count(*) FROM items");
    }

    static String copyIn() throws Exception {
        run("CREATE TEMPORARY TABLE copied (id int, label text)");
        StringBuilder lines = new StringBuilder();
        for (int i = 1; i <= 1000; i++) lines.append(i).append("\tcopied ").append(i).append('\n');
        connection.unwrap(PGConnection.class).getCopyAPI()
            .copyIn("COPY copied FROM STDIN", new StringReader(lines.toString()));
        return one("SELECT count(*) FROM copied");
    }

    static int copyOut() throws Exception {
        StringWriter target = new StringWriter();
        connection.unwrap(PGConnection.class).getCopyAPI().copyOut("COPY copied TO STDOUT", target);
        int count = 0;
        for (String line : target.toString().split("\n")) {
            if (line.equals((count + 1) + "\tcopied " + (count + 1))) count++;
        }
        return count;
    }

    static String error() throws SQLException {
        String states = "";
        connection.setAutoCommit(false);
        run("INSERT INTO items VALUES (-1, 'gone')");
        for (String sql : new String[] {"SELECT 1 / 0", "SELECT 1"}) {
            try {
                one(sql);
            } catch (SQLException problem) {
                states += problem.getSQLState() + " ";
            }
        }
        connection.rollback();
        connection.setAutoCommit(true);
        return states + one("SELECT count(*) FROM items");
    }

    static String cancel() throws SQLException {
        Timer timer = new Timer(true);
        try (Statement s = connection.createStatement()) {
            timer.schedule(new TimerTask() {
                public void run() {
                    try {
                        s.cancel();
                    } catch (SQLException problem) {
                        OUT.println("cancel\tfailed\t" + problem);
                    }
                }
            }, 500);
            s.execute("SELECT pg_sleep(30)");
        } catch (SQLException problem) {
            return problem.getSQLState() + " " + one("SELECT 1");
        }
        return "was not cancelled";
    }

    static String large() throws SQLException {
        try (PreparedStatement s = connection.prepareStatement("SELECT length(?::text)")) {
            s.setString(1, "y".repeat(1_500_000));
            ResultSet r = s.executeQuery();
            r.next();
            return r.getInt(1) + " " + one("SELECT repeat('x', 3000000)").length();
        }
    }

    /** With a fetch size: a portal of many Executes, each but the last suspended. */
    static String many() throws SQLException {
        long count = 0, total = 0;
        connection.setAutoCommit(false);
        try (PreparedStatement s = connection.prepareStatement(
                "SELECT i, 'row ' || i FROM generate_series(1, 100000) i")) {
            s.setFetchSize(10_000);
            ResultSet r = s.executeQuery();
            while (r.next()) {
                if (!r.getString(2).equals("row " + r.getInt(1))) return "row " + r.getInt(1) + " says " + r.getString(2);
                count++;
                total += r.getInt(1);
            }
        }
        connection.commit();
        connection.setAutoCommit(true);
        return count + " " + total;
    }

    static String notice() throws SQLException {
        try (Statement s = connection.createStatement()) {
            s.execute("DO $$ BEGIN RAISE NOTICE 'hello from the server'; END $$");
            return s.getWarnings().getMessage();
        }
    }

    static String notification() throws SQLException {
        run("LISTEN news");
        run("SELECT pg_notify('news', 'something new')");
        PGNotification[] heard = connection.unwrap(PGConnection.class).getNotifications(10_000);
        return heard[0].getName() + " " + heard[0].getParameter();
    }

    static String close() throws SQLException {
        connection.close();
        return "closed";
    }

    public static void main(String[] arguments) {
        step("login", Jdbc::login);
        step("simple", () -> one("SELECT 6 * 7"));
        step("parameters", Jdbc::parameters);
        step("prepared", Jdbc::prepared);
        step("batch", Jdbc::batch);
        step("copy in", Jdbc::copyIn);
        step("copy out", Jdbc::copyOut);
        step("error", Jdbc::error);
        step("cancel", Jdbc::cancel);
        step("large", Jdbc::large);
        step("many", Jdbc::many);
        step("notice", Jdbc::notice);
        step("notify", Jdbc::notification);
        step("close", Jdbc::close);
        OUT.println("version\tok\t" + org.postgresql.util.DriverInfo.DRIVER_VERSION);
    }
}
