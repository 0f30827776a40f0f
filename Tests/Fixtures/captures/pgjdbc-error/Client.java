import java.io.StringReader;
import java.sql.*;
import java.util.Properties;
import org.postgresql.PGConnection;

public class Client {
    public static void main(String[] arguments) throws Exception {
        Properties properties = new Properties();
        properties.put("user", System.getenv("PGUSER"));
        properties.put("password", System.getenv("PGPASSWORD"));
        String url = "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/"
            + System.getenv("PGDATABASE") + "?sslmode=disable";
        try (Connection conn = DriverManager.getConnection(url, properties)) {
            conn.setAutoCommit(false);
            Savepoint savepoint = conn.setSavepoint();
            try (Statement statement = conn.createStatement()) {
                statement.addBatch("insert into items (id, name) values (110, 'a')");
                statement.addBatch("insert into items (id, name) values (1, 'twice')");
                statement.addBatch("insert into items (id, name) values (111, 'b')");
                statement.executeBatch();
            } catch (BatchUpdateException error) {
                conn.rollback(savepoint);
            }
            conn.commit();
        }
    }
}
