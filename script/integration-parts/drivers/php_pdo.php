<?php
// PHP's PDO with pdo_pgsql: server-side prepared statements, COPY by arrays, notifications.

function step(string $name, callable $action): void
{
    try {
        $value = $action();
        echo "$name\tok\t$value\n";
    } catch (Throwable $problem) {
        echo "$name\tfailed\t", strtr($problem->getMessage(), "\n", ' '), "\n";
    }
}

$db = null;

function one(string $sql, array $values = []): string
{
    global $db;
    $statement = $db->prepare($sql);
    $statement->execute($values);
    return $statement->fetchColumn();
}

function state(callable $action): string
{
    try {
        $action();
        return 'none';
    } catch (PDOException $problem) {
        return $problem->errorInfo[0];
    }
}

step('login', function () {
    global $db;
    $db = new PDO("pgsql:host={$_SERVER['PGHOST']};port={$_SERVER['PGPORT']};dbname={$_SERVER['PGDATABASE']};"
        . "sslmode=verify-full;sslrootcert={$_SERVER['PGSSLROOTCERT']}", $_SERVER['PGUSER'], $_SERVER['PGPASSWORD'],
        [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
    return implode(' ', $db->query('SELECT current_user, current_database()')->fetch(PDO::FETCH_NUM));
});
step('simple', fn() => $db->query('SELECT 6 * 7')->fetchColumn());
step('parameters', function () {
    global $db;
    $statement = $db->prepare('SELECT ?::int + ?::int, ?::text, ?::text');
    $statement->execute([40, 2, 'Grüße, 世界', null]);
    $row = $statement->fetch(PDO::FETCH_NUM);
    return "$row[0] $row[1] " . ($row[2] ?? 'null');
});
step('prepared', function () {
    global $db;
    $statement = $db->prepare('SELECT ?::int * 2');
    $total = 0;
    for ($i = 1; $i <= 20; $i++) {
        $statement->execute([$i]);
        $total += $statement->fetchColumn();
    }
    return $total;
});
echo "batch\tnot offered\tPDO has none\n";
step('copy in', function () {
    global $db;
    $db->exec('CREATE TEMPORARY TABLE copied (id int, label text)');
    $db->pgsqlCopyFromArray('copied', array_map(fn($i) => "$i\tcopied $i", range(1, 1000)));
    return one('SELECT count(*) FROM copied');
});
step('copy out', function () {
    global $db;
    $count = 0;
    foreach ($db->pgsqlCopyToArray('copied') as $line) {
        $count += $line === ($count + 1) . "\tcopied " . ($count + 1) . "\n" ? 1 : 0;
    }
    return $count;
});
step('error', function () {
    global $db;
    $db->exec('CREATE TEMPORARY TABLE items (id int, label text)');
    $db->exec("INSERT INTO items SELECT i, 'item' FROM generate_series(1, 100) i");
    $db->beginTransaction();
    $db->prepare('INSERT INTO items VALUES (?, ?)')->execute([-1, 'gone']);
    $states = state(fn() => one('SELECT 1 / ?::int', [0])) . ' ' . state(fn() => $db->exec('SELECT 1'));
    $db->rollBack();
    return "$states " . one('SELECT count(*) FROM items');
});
echo "cancel\tnot offered\tPDO has none\n";
step('large', fn() => one('SELECT length(?::text)', [str_repeat('y', 1_500_000)]) . ' '
    . strlen(one("SELECT repeat('x', 3000000)")));
step('many', function () {
    global $db;
    [$count, $total] = [0, 0];
    foreach ($db->query("SELECT i, 'row ' || i FROM generate_series(1, 100000) i", PDO::FETCH_NUM) as $row) {
        if ($row[1] !== "row $row[0]") {
            return "row $row[0] says $row[1]";
        }
        $count++;
        $total += $row[0];
    }
    return "$count $total";
});
echo "notice\tnot offered\tnot in this version\n";
step('notify', function () {
    global $db;
    $db->exec('LISTEN news');
    $db->exec("SELECT pg_notify('news', 'something new')");
    $heard = $db->pgsqlGetNotify(PDO::FETCH_ASSOC, 10_000);
    return "{$heard['message']} {$heard['payload']}";
});
step('close', function () {
    global $db;
    echo "version\tok\t", PHP_VERSION, ', libpq ', $db->getAttribute(PDO::ATTR_CLIENT_VERSION), "\n";
    $db = null;
    return 'closed';
});
