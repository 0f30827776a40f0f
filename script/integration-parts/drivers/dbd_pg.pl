# Perl's DBI with DBD::Pg: server-side prepared statements, COPY, asynchronous statements that are cancelled.

use strict;
use warnings;
use utf8;
use DBI;
use DBD::Pg ':async';

binmode STDOUT, ':utf8';
$| = 1;

my $db;

sub step {
    my ($name, $action) = @_;
    my $value = eval { $action->() };
    my $problem = $@ =~ tr/\n/ /r;
    print $problem ? "$name\tfailed\t$problem\n" : "$name\tok\t$value\n";
}

sub one { return ($db->selectrow_array(shift, undef, @_))[0] }

sub state_of {
    my $action = shift;
    return eval { $action->(); 1 } ? 'none' : $db->state;
}

step 'login', sub {
    $db = DBI->connect("dbi:Pg:host=$ENV{PGHOST};port=$ENV{PGPORT};dbname=$ENV{PGDATABASE};sslmode=verify-full;"
        . "sslrootcert=$ENV{PGSSLROOTCERT}", $ENV{PGUSER}, $ENV{PGPASSWORD},
        { RaiseError => 1, PrintError => 0, PrintWarn => 0, AutoCommit => 1, pg_enable_utf8 => 1 });
    return join ' ', $db->selectrow_array('SELECT current_user, current_database()');
};
step 'simple', sub { $db->do('SELECT 1'); one('SELECT 6 * 7') };
step 'parameters', sub {
    my @row = $db->selectrow_array('SELECT ?::int + ?::int, ?::text, ?::text', undef, 40, 2, 'Grüße, 世界', undef);
    return "$row[0] $row[1] " . ($row[2] // 'null');
};
step 'prepared', sub {
    my $statement = $db->prepare('SELECT ?::int * 2');
    my $total = 0;
    for my $i (1 .. 20) {
        $statement->execute($i);
        $total += ($statement->fetchrow_array)[0];
        $statement->finish;
    }
    return $total;
};
step 'batch', sub {
    $db->do('CREATE TEMPORARY TABLE items (id int, label text)');
    my $statement = $db->prepare('INSERT INTO items VALUES (?, ?)');
    $statement->execute_array({}, [0 .. 99], [map { "item $_" } 0 .. 99]);
    return one('SELECT count(*) FROM items');
};
step 'copy in', sub {
    $db->do('CREATE TEMPORARY TABLE copied (id int, label text)');
    $db->do('COPY copied FROM STDIN');
    $db->pg_putcopydata("$_\tcopied $_\n") for 1 .. 1000;
    $db->pg_putcopyend;
    return one('SELECT count(*) FROM copied');
};
step 'copy out', sub {
    $db->do('COPY copied TO STDOUT');
    my ($count, $line) = (0, '');
    while ($db->pg_getcopydata($line) >= 0) {
        $count++ if $line eq ($count + 1) . "\tcopied " . ($count + 1) . "\n";
    }
    return $count;
};
step 'error', sub {
    $db->begin_work;
    $db->do('INSERT INTO items VALUES (?, ?)', undef, -1, 'gone');
    my $first = state_of(sub { $db->do('SELECT 1 / ?::int', undef, 0) });
    my $second = state_of(sub { $db->do('SELECT 1') });
    $db->rollback;
    return "$first $second " . one('SELECT count(*) FROM items');
};
step 'cancel', sub {
    $db->do('SELECT pg_sleep(30)', { pg_async => PG_ASYNC });
    select undef, undef, undef, 0.5;
    $db->pg_cancel;
    return '57014 ' . one('SELECT 1');
};
step 'large', sub {
    return one('SELECT length(?::text)', 'y' x 1_500_000) . ' ' . length one(q{SELECT repeat('x', 3000000)});
};
step 'many', sub {
    my $statement = $db->prepare(q{SELECT i, 'row ' || i FROM generate_series(1, 100000) i});
    $statement->execute;
    my ($count, $total) = (0, 0);
    while (my ($number, $label) = $statement->fetchrow_array) {
        die "row $number says $label" unless $label eq "row $number";
        $count++;
        $total += $number;
    }
    return "$count $total";
};
step 'notice', sub {
    my $heard = '';
    local $SIG{__WARN__} = sub { $heard = shift };
    local $db->{PrintWarn} = 1;
    $db->do(q{DO $$ BEGIN RAISE NOTICE 'hello from the server'; END $$});
    return $heard =~ /NOTICE:\s*(.*)/ ? $1 : "heard $heard";
};
step 'notify', sub {
    $db->do('LISTEN news');
    $db->do(q{SELECT pg_notify('news', 'something new')});
    my ($channel, undef, $payload) = @{ $db->pg_notifies };
    return "$channel $payload";
};
step 'close', sub { $db->disconnect; 'closed' };
print "version\tok\t$DBD::Pg::VERSION\n";
