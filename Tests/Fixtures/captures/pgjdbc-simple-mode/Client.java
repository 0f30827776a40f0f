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
            + System.getenv("PGDATABASE") + "?sslmode=disable&preferQueryMode=simple";
        try (Connection conn = DriverManager.getConnection(url, properties)) {
            try (PreparedStatement statement = conn.prepareStatement("select name from items where id = ? or name = ?")) {
                statement.setInt(1, 1);
                statement.setString(2, "it's");
                statement.executeQuery().close();
            }
        }
    }
}
