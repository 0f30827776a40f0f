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
	batch := &pgx.Batch{}
	batch.Queue("insert into items (id, name) values ($1, $2)", 140, "queued")
	batch.Queue("select count(*) from items")
	results := conn.SendBatch(ctx, batch)
	check(results.Close())
	_, err = conn.CopyFrom(ctx, pgx.Identifier{"items"}, []string{"id", "name"},
		pgx.CopyFromRows([][]interface{}{{150, "a"}, {151, "b"}}))
	check(err)
}
