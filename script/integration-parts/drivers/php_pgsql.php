<?php
// PHP's pgsql: libpq with parameters, prepared statements, COPY by arrays, notifications.

function step(string $name, callable $action): void
{
    try {
        $value = $action();
        echo "$name\tok\t$value\n";
    } catch (Throwable $problem) {
        echo "$name\tfailed\t", strtr($problem->getMessage(), "\n", ' '), "\n";
    }
}

set_error_handler(function ($level, $message) {
    throw new ErrorException($message);
});
$db = null;

function one(string $sql, array $values = []): string
{
    global $db;
    return pg_fetch_result($values ? pg_query_params($db, $sql, $values) : pg_query($db, $sql), 0, 0);
}

/** The SQLSTATE of a statement that is sent and waited for. */
function state(string $sql, array $values = []): string
{
    global $db;
    $values ? pg_send_query_params($db, $sql, $values) : pg_send_query($db, $sql);
    $state = 'none';
    while ($result = pg_get_result($db)) {
        $state = pg_result_error_field($result, PGSQL_DIAG_SQLSTATE) ?: 'none';
    }
    return $state;
}

step('login', function () {
    global $db;
    $db = pg_connect("host={$_SERVER['PGHOST']} port={$_SERVER['PGPORT']} dbname={$_SERVER['PGDATABASE']} "
        . "user={$_SERVER['PGUSER']} password={$_SERVER['PGPASSWORD']} sslmode=verify-full "
        . "sslrootcert='{$_SERVER['PGSSLROOTCERT']}'");
    return implode(' ', pg_fetch_row(pg_query($db, 'SELECT current_user, current_database()')));
});
step('simple', fn() => one('SELECT 6 * 7'));
step('parameters', function () {
    global $db;
    $row = pg_fetch_row(pg_query_params($db, 'SELECT $1::int + $2::int, $3::text, $4::text',
        [40, 2, 'Grüße, 世界', null]));
    return "$row[0] $row[1] " . ($row[2] ?? 'null');
});
step('prepared', function () {
    global $db;
    pg_prepare($db, 'twice', 'SELECT $1::int * 2');
    $total = 0;
    for ($i = 1; $i <= 20; $i++) {
        $total += pg_fetch_result(pg_execute($db, 'twice', [$i]), 0, 0);
    }
    return $total;
});
echo "batch\tnot offered\tno pipeline in this version\n";
step('copy in', function () {
    global $db;
    pg_query($db, 'CREATE TEMPORARY TABLE copied (id int, label text)');
    pg_copy_from($db, 'copied', array_map(fn($i) => "$i\tcopied $i\n", range(1, 1000)));
    return one('SELECT count(*) FROM copied');
});
step('copy out', function () {
    global $db;
    $count = 0;
    foreach (pg_copy_to($db, 'copied') as $line) {
        $count += $line === ($count + 1) . "\tcopied " . ($count + 1) . "\n" ? 1 : 0;
    }
    return $count;
});
step('error', function () {
    global $db;
    pg_query($db, 'CREATE TEMPORARY TABLE items (id int, label text)');
    pg_query($db, "INSERT INTO items SELECT i, 'item' FROM generate_series(1, 100) i");
    pg_query($db, 'BEGIN');
    pg_query_params($db, 'INSERT INTO items VALUES ($1, $2)', [-1, 'gone']);
    $states = state('SELECT 1 / $1::int', [0]) . ' ' . state('SELECT 1');
    pg_query($db, 'ROLLBACK');
    return "$states " . one('SELECT count(*) FROM items');
});
step('cancel', function () {
    global $db;
    pg_send_query($db, 'SELECT pg_sleep(30)');
    usleep(500_000);
    pg_cancel_query($db);
    $state = '57014';
    while ($result = pg_get_result($db)) {
        $state = pg_result_error_field($result, PGSQL_DIAG_SQLSTATE);
    }
    return "$state " . one('SELECT 1');
});
step('large', fn() => one('SELECT length($1::text)', [str_repeat('y', 1_500_000)]) . ' '
    . strlen(one("SELECT repeat('x', 3000000)")));
step('many', function () {
    global $db;
    $result = pg_query($db, "SELECT i, 'row ' || i FROM generate_series(1, 100000) i");
    [$count, $total] = [0, 0];
    while ($row = pg_fetch_row($result)) {
        if ($row[1] !== "row $row[0]") {
            return "row $row[0] says $row[1]";
        }
        $count++;
        $total += $row[0];
    }
    return "$count $total";
});
step('notice', function () {
    global $db;
    pg_query($db, "DO $$ BEGIN RAISE NOTICE 'hello from the server'; END $$");
    return preg_replace('/^NOTICE:\s*/', '', pg_last_notice($db));
});
step('notify', function () {
    global $db;
    pg_query($db, 'LISTEN news');
    pg_query($db, "SELECT pg_notify('news', 'something new')");
    $heard = pg_get_notify($db, PGSQL_ASSOC);
    return "{$heard['message']} {$heard['payload']}";
});
step('close', function () {
    global $db;
    $version = pg_version($db)['client'];
    echo "version\tok\t", PHP_VERSION, ", libpq $version\n";
    pg_close($db);
    return 'closed';
});
