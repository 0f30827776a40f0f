// Go's lib/pq under database/sql: unnamed statements, prepared ones, COPY by pq.CopyIn, contexts that cancel.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/lib/pq"
)

var db *sql.Conn
var pool *sql.DB
var ctx = context.Background()

func step(name string, action func() (string, error)) {
	value, err := action()
	if err != nil {
		fmt.Printf("%s\tfailed\t%s\n", name, strings.ReplaceAll(err.Error(), "\n", " "))
	} else {
		fmt.Printf("%s\tok\t%s\n", name, value)
	}
}

func one(query string, values ...interface{}) (string, error) {
	var value string
	err := db.QueryRowContext(ctx, query, values...).Scan(&value)
	return value, err
}

func run(query string) error {
	_, err := db.ExecContext(ctx, query)
	return err
}

func state(err error) string {
	if problem, ok := err.(*pq.Error); ok {
		return string(problem.Code)
	}
	return fmt.Sprint(err)
}

func parameters() (string, error) {
	var number int
	var text string
	var null sql.NullString
	err := db.QueryRowContext(ctx, "SELECT $1::int + $2::int, $3::text, $4::text", 40, 2, "Grüße, 世界", nil).
		Scan(&number, &text, &null)
	if null.Valid {
		return "NULL came as a value", err
	}
	return fmt.Sprint(number, " ", text, " null"), err
}

func prepared() (string, error) {
	statement, err := db.PrepareContext(ctx, "SELECT $1::int * 2")
	if err != nil {
		return "", err
	}
	defer statement.Close()
	total := 0
	for i := 1; i <= 20; i++ {
		var value int
		if err := statement.QueryRow(i).Scan(&value); err != nil {
			return "", err
		}
		total += value
	}
	return fmt.Sprint(total), nil
}

// items makes the table of the error step: lib/pq has no batches.
func items() error {
	if err := run("CREATE TEMPORARY TABLE items (id int, label text)"); err != nil {
		return err
	}
	return run("INSERT INTO items SELECT i, 'item' FROM generate_series(1, 100) i")
}

func copyIn() (string, error) {
	if err := run("CREATE TEMPORARY TABLE copied (id int, label text)"); err != nil {
		return "", err
	}
	transaction, err := db.BeginTx(ctx, nil)
	if err != nil {
		return "", err
	}
	statement, err := transaction.Prepare(pq.CopyIn("copied", "id", "label"))
	if err != nil {
		return "", err
	}
	for i := 1; i <= 1000; i++ {
		if _, err := statement.Exec(i, fmt.Sprintf("copied %d", i)); err != nil {
			return "", err
		}
	}
	if _, err := statement.Exec(); err != nil {
		return "", err
	}
	if err := statement.Close(); err != nil {
		return "", err
	}
	if err := transaction.Commit(); err != nil {
		return "", err
	}
	return one("SELECT count(*) FROM copied")
}

func failing() (string, error) {
	if err := items(); err != nil {
		return "", err
	}
	transaction, err := db.BeginTx(ctx, nil)
	if err != nil {
		return "", err
	}
	if _, err := transaction.Exec("INSERT INTO items VALUES ($1, $2)", -1, "gone"); err != nil {
		return "", err
	}
	_, first := transaction.Exec("SELECT 1 / 0")
	_, second := transaction.Exec("SELECT 1")
	if err := transaction.Rollback(); err != nil {
		return "", err
	}
	count, err := one("SELECT count(*) FROM items")
	return state(first) + " " + state(second) + " " + count, err
}

// cancel has a connection of its own: lib/pq closes one whose context ended.
func cancel() (string, error) {
	other, err := pool.Conn(ctx)
	if err != nil {
		return "", err
	}
	defer other.Close()
	limited, end := context.WithTimeout(ctx, 500*time.Millisecond)
	defer end()
	_, err = other.ExecContext(limited, "SELECT pg_sleep(30)")
	after, problem := one("SELECT 1")
	return state(err) + " " + after, problem
}

func large() (string, error) {
	sent, err := one("SELECT length($1::text)", strings.Repeat("y", 1500000))
	if err != nil {
		return "", err
	}
	received, err := one("SELECT repeat('x', 3000000)")
	return fmt.Sprint(sent, " ", len(received)), err
}

func many() (string, error) {
	rows, err := db.QueryContext(ctx, "SELECT i, 'row ' || i FROM generate_series(1, 100000) i")
	if err != nil {
		return "", err
	}
	defer rows.Close()
	count, total := 0, 0
	for rows.Next() {
		var number int
		var label string
		if err := rows.Scan(&number, &label); err != nil {
			return "", err
		}
		if label != fmt.Sprintf("row %d", number) {
			return fmt.Sprintf("row %d says %s", number, label), nil
		}
		count++
		total += number
	}
	return fmt.Sprint(count, " ", total), rows.Err()
}

// notify has a connection of its own: a Listener makes one.
func notify() (string, error) {
	listener := pq.NewListener("sslmode=verify-full", time.Second, time.Minute, nil)
	defer listener.Close()
	if err := listener.Listen("news"); err != nil {
		return "", err
	}
	if err := run("SELECT pg_notify('news', 'something new')"); err != nil {
		return "", err
	}
	select {
	case heard := <-listener.Notify:
		return heard.Channel + " " + heard.Extra, nil
	case <-time.After(10 * time.Second):
		return "nothing came", nil
	}
}

func main() {
	heard := ""
	connector, err := pq.NewConnector(fmt.Sprintf("host=%s port=%s dbname=%s user=%s password='%s' sslmode=verify-full sslrootcert='%s'",
		os.Getenv("PGHOST"), os.Getenv("PGPORT"), os.Getenv("PGDATABASE"), os.Getenv("PGUSER"), os.Getenv("PGPASSWORD"),
		os.Getenv("PGSSLROOTCERT")))
	if err != nil {
		panic(err)
	}
	pool = sql.OpenDB(pq.ConnectorWithNoticeHandler(connector, func(notice *pq.Error) { heard = notice.Message }))
	step("login", func() (string, error) {
		if db, err = pool.Conn(ctx); err != nil {
			return "", err
		}
		return one("SELECT current_user || ' ' || current_database()")
	})
	step("simple", func() (string, error) { return one("SELECT 6 * 7") })
	step("parameters", parameters)
	step("prepared", prepared)
	fmt.Println("batch\tnot offered\tlib/pq has none")
	step("copy in", copyIn)
	fmt.Println("copy out\tnot offered\tlib/pq has none")
	step("error", failing)
	step("cancel", cancel)
	step("large", large)
	step("many", many)
	step("notice", func() (string, error) {
		err := run("DO $$ BEGIN RAISE NOTICE 'hello from the server'; END $$")
		return heard, err
	})
	step("notify", notify)
	step("close", func() (string, error) {
		// The pool also closes the connection of the cancelled statement, which is closed: no error of ours.
		db.Close()
		pool.Close()
		return "closed", nil
	})
}
