use strict;
use warnings;
use DBI;

my $dbh = DBI->connect('dbi:Pg:', undef, undef, { RaiseError => 1, PrintError => 0, AutoCommit => 0 });
my $sth = $dbh->prepare('select name from items where id = ?');
for my $id (1, 2, 3) {
    $sth->execute($id);
    $sth->fetchall_arrayref;
}
eval { $dbh->do('select 1/0') };
$dbh->rollback;
$dbh->do('copy items (id, name) from stdin');
$dbh->pg_putcopydata("160\tcopied\n");
$dbh->pg_putcopyend;
$dbh->commit;
$dbh->disconnect;
