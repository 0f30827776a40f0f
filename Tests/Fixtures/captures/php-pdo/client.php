<?php
$pdo = new PDO('pgsql:', getenv('PGUSER'), getenv('PGPASSWORD'));
$pdo->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_EXCEPTION);
$statement = $pdo->prepare('select name from items where id = :id');
foreach ([1, 2] as $id) {
    $statement->execute(['id' => $id]);
    $statement->fetchAll();
}
$pdo->beginTransaction();
try {
    $pdo->exec('insert into nowhere values (1)');
} catch (PDOException $error) {
    $pdo->rollBack();
}
