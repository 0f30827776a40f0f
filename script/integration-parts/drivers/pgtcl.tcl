# Pgtcl: libpq from Tcl, parameters, COPY on the connection's channel, notifications.

package require Pgtcl

fconfigure stdout -encoding utf-8 -buffering line
encoding system utf-8
set text "Gr\u00fc\u00dfe, \u4e16\u754c"

proc step {name action} {
    if {[catch {uplevel #0 $action} value] == 1} {
        puts "$name\tfailed\t[string map {\n " "} $value]"
    } else {
        puts "$name\tok\t$value"
    }
}

proc checked {result} {
    set status [pg_result $result -status]
    if {$status eq "PGRES_FATAL_ERROR"} {
        set code [pg_result $result -error sqlstate]
        pg_result $result -clear
        error $code
    }
    return $result
}

proc row {sql args} {
    set result [checked [pg_exec $::db $sql {*}$args]]
    set found [pg_result $result -getTuple 0]
    pg_result $result -clear
    return $found
}

proc one {sql args} { lindex [row $sql {*}$args] 0 }
proc run {sql args} { pg_result [checked [pg_exec $::db $sql {*}$args]] -clear }
proc state_of {sql} { if {[catch {run $sql} code]} { return $code }; return none }

step login {
    set db [pg_connect -conninfo "host=$env(PGHOST) port=$env(PGPORT) dbname=$env(PGDATABASE) user=$env(PGUSER)\
        password=$env(PGPASSWORD) sslmode=verify-full sslrootcert='$env(PGSSLROOTCERT)'"]
    row "SELECT current_user, current_database()"
}
step simple { one "SELECT 6 * 7" }
step parameters {
    set found [row {SELECT $1::int + $2::int, $3::text} 40 2 $text]
    return "[lindex $found 0] [lindex $found 1] null"
}
step prepared {
    run {PREPARE twice (int) AS SELECT $1 * 2}
    set total 0
    for {set i 1} {$i <= 20} {incr i} {
        set result [checked [pg_exec_prepared $db twice $i]]
        incr total [pg_result $result -getTuple 0]
        pg_result $result -clear
    }
    set total
}
puts "batch\tnot offered\tPgtcl has none"
step "copy in" {
    run "CREATE TEMPORARY TABLE copied (id int, label text)"
    set result [pg_exec $db "COPY copied FROM STDIN"]
    for {set i 1} {$i <= 1000} {incr i} { puts $db "$i\tcopied $i" }
    puts $db "\\."
    pg_result $result -clear
    one "SELECT count(*) FROM copied"
}
puts "copy out\tnot offered\tits channel takes a pause in the rows for their end, direct too"
step error {
    run "CREATE TEMPORARY TABLE items (id int)"
    run "INSERT INTO items SELECT generate_series(1, 100)"
    run "BEGIN"
    run "INSERT INTO items VALUES (-1)"
    set states "[state_of {SELECT 1 / 0}] [state_of {SELECT 1}]"
    run "ROLLBACK"
    return "$states [one {SELECT count(*) FROM items}]"
}
step cancel {
    pg_sendquery $db "SELECT pg_sleep(30)"
    after 500
    pg_cancelrequest $db
    set result [pg_getresult $db]
    set code [pg_result $result -error sqlstate]
    pg_result $result -clear
    pg_getresult $db
    return "$code [one {SELECT 1}]"
}
step large {
    set sent [one {SELECT length($1::text)} [string repeat y 1500000]]
    return "$sent [string length [one {SELECT repeat('x', 3000000)}]]"
}
step many {
    set count 0
    set total 0
    pg_select $db {SELECT i AS number, 'row ' || i AS label FROM generate_series(1, 100000) i} found {
        if {$found(label) ne "row $found(number)"} { error "row $found(number) says $found(label)" }
        incr count
        incr total $found(number)
    }
    return "$count $total"
}
puts "notice\tnot offered\tPgtcl writes notices to standard error"
step notify {
    proc hear {args} { set ::news "news [lindex $args end]" }
    pg_listen $db news hear
    after 10000 {set ::news "nothing came"}
    run "SELECT pg_notify('news', 'something new')"
    vwait news
    set news
}
step close {
    pg_disconnect $db
    return closed
}
puts "version\tok\t[package require Pgtcl], Tcl [info patchlevel]"
exit 0
