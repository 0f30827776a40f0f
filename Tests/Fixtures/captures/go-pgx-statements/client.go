package main

import (
	"context"
	"log"
	"os"

	"github.com/jackc/pgx/v4"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	ctx := context.Background()
	_ = os.Setenv("PGSSLMODE", "disable")
	conn, err := pgx.Connect(ctx, "")
	check(err)
	defer conn.Close(ctx)
	var name string
	check(conn.QueryRow(ctx, "select name from items where id = $1", 2).Scan(&name))
	check(conn.QueryRow(ctx, "select name from items where id = $1", 3).Scan(&name))
	check(conn.QueryRow(ctx, "select name from items where id = $1", pgx.QuerySimpleProtocol(true), 1).Scan(&name))
	_, err = conn.Exec(ctx, "select 1 / $1::int", 0)
	if err == nil {
		log.Fatal("no error")
	}
}
