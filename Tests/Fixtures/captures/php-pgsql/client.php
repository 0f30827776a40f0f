<?php
$conn = pg_connect('');
pg_query($conn, 'select * from items order by id');
pg_query_params($conn, 'select $1::text', ['a']);
pg_prepare($conn, 'named', 'select name from items where id = $1');
pg_execute($conn, 'named', [2]);
@pg_query($conn, 'select 1/0');
pg_copy_from($conn, 'items', ["170\tcopied\t1\t\\N\n"]);
pg_close($conn);
