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
            try (PreparedStatement statement = conn.prepareStatement("insert into items (id, name) values (?, ?)")) {
                for (int number = 100; number < 105; number++) {
                    statement.setInt(1, number);
                    statement.setString(2, "item " + number);
                    statement.addBatch();
                }
                statement.executeBatch();
            }
            conn.commit();
        }
    }
}
