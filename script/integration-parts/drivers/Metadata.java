// What tools on pgjdbc ask for before anything else: every getter of DatabaseMetaData that gives rows, read to its end.
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Timestamp;
import java.util.Arrays;
import java.util.Comparator;

public class Metadata {
    /** A value for a parameter of a getter: a pattern for any text, nothing for lists. */
    static Object argument(Class<?> type, int place) {
        if (type == String.class) return place == 0 ? null : "%";
        if (type == int.class) return 0;
        if (type == boolean.class) return false;
        return null;
    }

    public static void main(String[] words) throws Exception {
        String url = "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE")
                + "?sslmode=verify-full&sslrootcert=" + System.getenv("PGSSLROOTCERT") + "&ApplicationName=" + System.getenv("PGAPPNAME");
        int failed = 0;
        try (Connection connection = DriverManager.getConnection(url, "auto", System.getenv("PGPASSWORD"))) {
            DatabaseMetaData metadata = connection.getMetaData();
            Method[] getters = DatabaseMetaData.class.getMethods();
            Arrays.sort(getters, Comparator.comparing(Method::getName));
            for (Method getter : getters) {
                if (!getter.getName().startsWith("get") || getter.getName().equals("getConnection")) continue;
                Class<?>[] types = getter.getParameterTypes();
                Object[] arguments = new Object[types.length];
                for (int at = 0; at < types.length; at++) arguments[at] = argument(types[at], at);
                try {
                    Object found = getter.invoke(metadata, arguments);
                    if (!(found instanceof ResultSet)) continue;
                    int rows = 0;
                    try (ResultSet result = (ResultSet) found) {
                        int columns = result.getMetaData().getColumnCount();
                        for (; result.next(); rows++) for (int at = 1; at <= columns; at++) result.getObject(at);
                    }
                    System.out.println(getter.getName() + " " + rows);
                } catch (InvocationTargetException problem) {
                    if (problem.getCause() instanceof java.sql.SQLFeatureNotSupportedException) continue;
                    System.out.println(getter.getName() + " failed: " + problem.getCause().getMessage().replace('\n', ' '));
                    failed++;
                }
            }
            try (var statement = connection.prepareStatement("SELECT time, seq FROM records WHERE time <= ? ORDER BY seq LIMIT 1")) {
                statement.setTimestamp(1, new Timestamp(System.currentTimeMillis() + 3_600_000));
                ResultSet result = statement.executeQuery();
                result.next();
                System.out.println("time " + (result.getObject(1) instanceof Timestamp) + " " + result.getLong(2));
            }
        }
        System.exit(failed == 0 ? 0 : 1);
    }
}
