package main

import (
	"database/sql"
	"log"
	"os"

	"github.com/lib/pq"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	_ = os.Unsetenv("PGGSSENCMODE")
	db, err := sql.Open("postgres", "sslmode=disable")
	check(err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	tx, err := db.Begin()
	check(err)
	statement, err := tx.Prepare(pq.CopyIn("items", "id", "name"))
	check(err)
	for number := 130; number < 133; number++ {
		_, err = statement.Exec(number, "copied")
		check(err)
	}
	_, err = statement.Exec()
	check(err)
	check(statement.Close())
	check(tx.Commit())
}
