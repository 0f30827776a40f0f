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
            var copy = conn.unwrap(PGConnection.class).getCopyAPI();
            copy.copyIn("copy items (id, name) from stdin", new StringReader("120\tcopied\n121\tcopied\n"));
            copy.copyOut("copy items to stdout", new java.io.ByteArrayOutputStream());
        }
    }
}
