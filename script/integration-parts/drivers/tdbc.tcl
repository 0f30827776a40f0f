# Tcl's tdbc::postgres: prepared statements for everything.

package require tdbc::postgres

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

proc row {sql {values {}}} { lindex [db allrows -as lists $sql $values] 0 }
proc one {sql {values {}}} { lindex [row $sql $values] 0 }

proc state_of {sql} {
    if {[catch {db allrows $sql} message options]} { return [lindex [dict get $options -errorcode] 2] }
    return none
}

step login {
    # Not by -password: this version crashes at long ones. libpq finds the token in PGPASSWORD.
    tdbc::postgres::connection create db -host $env(PGHOST) -port $env(PGPORT) -db $env(PGDATABASE) -user $env(PGUSER) \
        -sslmode verify-full
    row "SELECT current_user AS a, current_database() AS b"
}
step simple { one "SELECT 6 * 7" }
step parameters {
    set found [lindex [db allrows -as dicts {SELECT CAST(:a AS int) + CAST(:b AS int) AS n, CAST(:t AS text) AS t,
        CAST(:missing AS text) AS x} [dict create a 40 b 2 t $text]] 0]
    return "[dict get $found n] [dict get $found t] [expr {[dict exists $found x] ? [dict get $found x] : {null}}]"
}
step prepared {
    set statement [db prepare "SELECT CAST(:n AS int) * 2"]
    set total 0
    for {set i 1} {$i <= 20} {incr i} { incr total [lindex [$statement allrows -as lists [dict create n $i]] 0 0] }
    $statement close
    set total
}
foreach {name why} {batch "tdbc has none" "copy in" "tdbc has none" "copy out" "tdbc has none"} {
    puts "$name\tnot offered\t$why"
}
step error {
    db allrows "CREATE TEMPORARY TABLE items (id int)"
    db allrows "INSERT INTO items SELECT generate_series(1, 100)"
    db begintransaction
    db allrows "INSERT INTO items VALUES (-1)"
    set states "[state_of {SELECT 1 / 0}] [state_of {SELECT 1}]"
    db rollback
    return "$states [one {SELECT count(*) FROM items}]"
}
puts "cancel\tnot offered\ttdbc has none"
step large {
    set sent [one {SELECT length(CAST(:v AS text))} [dict create v [string repeat y 1500000]]]
    return "$sent [string length [one {SELECT repeat('x', 3000000)}]]"
}
step many {
    set count 0
    set total 0
    db foreach -as lists found {SELECT i, 'row ' || i FROM generate_series(1, 100000) i} {
        lassign $found number label
        if {$label ne "row $number"} { error "row $number says $label" }
        incr count
        incr total $number
    }
    return "$count $total"
}
puts "notice\tnot offered\ttdbc shows none"
puts "notify\tnot offered\ttdbc has none"
step close {
    db close
    return closed
}
puts "version\tok\t[package require tdbc::postgres], Tcl [info patchlevel]"
