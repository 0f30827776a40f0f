// Go's pgx: named statements of its cache, batches, COPY by CopyFrom and PgConn, contexts that cancel.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgconn"
	"github.com/jackc/pgx/v4"
)

var db *pgx.Conn
var ctx = context.Background()
var heard = ""

func step(name string, action func() (string, error)) {
	value, err := action()
	if err != nil {
		fmt.Printf("%s\tfailed\t%s\n", name, strings.ReplaceAll(err.Error(), "\n", " "))
	} else {
		fmt.Printf("%s\tok\t%s\n", name, value)
	}
}

func number(query string, values ...interface{}) (int64, error) {
	var value int64
	err := db.QueryRow(ctx, query, values...).Scan(&value)
	return value, err
}

func state(err error) string {
	var problem *pgconn.PgError
	if errors.As(err, &problem) {
		return problem.Code
	}
	return fmt.Sprint(err)
}

func connect() error {
	config, err := pgx.ParseConfig("sslmode=verify-full")
	if err != nil {
		return err
	}
	config.Password = os.Getenv("PGPASSWORD")
	config.OnNotice = func(_ *pgconn.PgConn, notice *pgconn.Notice) { heard = notice.Message }
	db, err = pgx.ConnectConfig(ctx, config)
	return err
}

func login() (string, error) {
	if err := connect(); err != nil {
		return "", err
	}
	var user, database string
	err := db.QueryRow(ctx, "SELECT current_user::text, current_database()::text").Scan(&user, &database)
	return user + " " + database, err
}

func parameters() (string, error) {
	var sum int
	var text string
	var null *string
	err := db.QueryRow(ctx, "SELECT $1::int + $2::int, $3::text, $4::text", 40, 2, "Grüße, 世界", nil).
		Scan(&sum, &text, &null)
	if null != nil {
		return "NULL came as a value", err
	}
	return fmt.Sprint(sum, " ", text, " null"), err
}

func prepared() (string, error) {
	if _, err := db.Prepare(ctx, "twice", "SELECT $1::int8 * 2"); err != nil {
		return "", err
	}
	total := int64(0)
	for i := 1; i <= 20; i++ {
		value, err := number("twice", i)
		if err != nil {
			return "", err
		}
		total += value
	}
	return fmt.Sprint(total), nil
}

func batch() (string, error) {
	if _, err := db.Exec(ctx, "CREATE TEMPORARY TABLE items (id int, label text)"); err != nil {
		return "", err
	}
	batch := &pgx.Batch{}
	for i := 0; i < 100; i++ {
		batch.Queue("INSERT INTO items VALUES ($1, $2)", i, fmt.Sprintf("item %d", i))
	}
	if err := db.SendBatch(ctx, batch).Close(); err != nil {
		return "", err
	}
	count, err := number("SELECT count(*) FROM items")
	return fmt.Sprint(count), err
}

func copyIn() (string, error) {
	if _, err := db.Exec(ctx, "CREATE TEMPORARY TABLE copied (id int, label text)"); err != nil {
		return "", err
	}
	rows := make([][]interface{}, 0, 1000)
	for i := 1; i <= 1000; i++ {
		rows = append(rows, []interface{}{int32(i), fmt.Sprintf("copied %d", i)})
	}
	if _, err := db.CopyFrom(ctx, pgx.Identifier{"copied"}, []string{"id", "label"}, pgx.CopyFromRows(rows)); err != nil {
		return "", err
	}
	count, err := number("SELECT count(*) FROM copied")
	return fmt.Sprint(count), err
}

func copyOut() (string, error) {
	var target bytes.Buffer
	if _, err := db.PgConn().CopyTo(ctx, &target, "COPY copied TO STDOUT"); err != nil {
		return "", err
	}
	count := 0
	for _, line := range strings.Split(strings.TrimSpace(target.String()), "\n") {
		if line == fmt.Sprintf("%d\tcopied %d", count+1, count+1) {
			count++
		}
	}
	return fmt.Sprint(count), nil
}

func failing() (string, error) {
	transaction, err := db.Begin(ctx)
	if err != nil {
		return "", err
	}
	if _, err := transaction.Exec(ctx, "INSERT INTO items VALUES ($1, $2)", -1, "gone"); err != nil {
		return "", err
	}
	_, first := transaction.Exec(ctx, "SELECT 1 / 0")
	_, second := transaction.Exec(ctx, "SELECT 1")
	if err := transaction.Rollback(ctx); err != nil {
		return "", err
	}
	count, err := number("SELECT count(*) FROM items")
	return fmt.Sprint(state(first), " ", state(second), " ", count), err
}

// cancel sends a cancel request: a context that ends would close pgx's connection.
func cancel() (string, error) {
	done := make(chan error)
	go func() {
		time.Sleep(500 * time.Millisecond)
		done <- db.PgConn().CancelRequest(ctx)
	}()
	_, err := db.Exec(ctx, "SELECT pg_sleep(30)")
	if problem := <-done; problem != nil && !strings.Contains(problem.Error(), "reset") {
		return "", problem
	}
	after, problem := number("SELECT 1::int8")
	return fmt.Sprint(state(err), " ", after), problem
}

func large() (string, error) {
	sent, err := number("SELECT length($1::text)", strings.Repeat("y", 1500000))
	if err != nil {
		return "", err
	}
	var received string
	err = db.QueryRow(ctx, "SELECT repeat('x', 3000000)").Scan(&received)
	return fmt.Sprint(sent, " ", len(received)), err
}

func many() (string, error) {
	rows, err := db.Query(ctx, "SELECT i, 'row ' || i FROM generate_series(1, 100000) i")
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

func notify() (string, error) {
	if _, err := db.Exec(ctx, "LISTEN news"); err != nil {
		return "", err
	}
	if _, err := db.Exec(ctx, "SELECT pg_notify('news', 'something new')"); err != nil {
		return "", err
	}
	limited, end := context.WithTimeout(ctx, 10*time.Second)
	defer end()
	heard, err := db.WaitForNotification(limited)
	if err != nil {
		return "", err
	}
	return heard.Channel + " " + heard.Payload, nil
}

func main() {
	step("login", login)
	step("simple", func() (string, error) {
		var value int
		err := db.QueryRow(ctx, "SELECT 6 * 7", pgx.QuerySimpleProtocol(true)).Scan(&value)
		return fmt.Sprint(value), err
	})
	step("parameters", parameters)
	step("prepared", prepared)
	step("batch", batch)
	step("copy in", copyIn)
	step("copy out", copyOut)
	step("error", failing)
	step("cancel", cancel)
	step("large", large)
	step("many", many)
	step("notice", func() (string, error) {
		_, err := db.Exec(ctx, "DO $$ BEGIN RAISE NOTICE 'hello from the server'; END $$")
		return heard, err
	})
	step("notify", notify)
	step("close", func() (string, error) { return "closed", db.Close(ctx) })
}
