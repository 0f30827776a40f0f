# Lets PostgreSQL's TAP tests, which make servers of their own, run against a server that is there: what makes, starts,
# configures and ends one does nothing, and its address is the given one (GIVEN_PG… in the environment).
package GivenServer;

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;

my $new     = \&PostgreSQL::Test::Cluster::new;
my $connstr = \&PostgreSQL::Test::Cluster::connstr;
my $psql    = \&PostgreSQL::Test::Cluster::psql;

no strict 'refs';
no warnings 'redefine';

for my $name (qw(init start stop restart reload append_conf adjust_conf teardown_node))
{
	*{"PostgreSQL::Test::Cluster::$name"} = sub { return 1 };
}

*PostgreSQL::Test::Cluster::new = sub {
	my $node = $new->(@_);

	# Loading the modules took every PG… variable away, and starting set some.
	for my $name (grep { /^GIVEN_PG/ } keys %ENV)
	{
		$ENV{ substr $name, length 'GIVEN_' } = $ENV{$name};
	}
	$node->{_host} = $ENV{PGHOST};
	$node->{_port} = $ENV{PGPORT};

	# Tests read the server's log there: it has no line.
	open my $log, '>>', $node->logfile or die;
	close $log;
	return $node;
};

*PostgreSQL::Test::Cluster::connstr = sub {
	my ($node, $database) = @_;
	$database = $ENV{PGDATABASE} if defined $database && $database eq 'postgres';
	return $connstr->($node, $database);
};

# A tablespace in the server's own folder: the test's folder is another account's.
*PostgreSQL::Test::Cluster::psql = sub {
	my ($node, $database, $sql, @rest) = @_;
	$sql = "SET allow_in_place_tablespaces = on;\n$sql"
	  if $sql =~ s/^(CREATE TABLESPACE \w+ LOCATION) '[^']+'/$1 ''/;
	return $psql->($node, $database, $sql, @rest);
};

1;
