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
            try (PreparedStatement statement = conn.prepareStatement("select name from items where id = ?")) {
                for (int number = 1; number <= 6; number++) {
                    statement.setInt(1, number);
                    statement.executeQuery().close();
                }
            }
            try (Statement statement = conn.createStatement()) {
                statement.execute("select 1; select 2");
            }
        }
    }
}
