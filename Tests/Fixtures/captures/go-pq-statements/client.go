package main

import (
	"database/sql"
	"log"
	"os"

	_ "github.com/lib/pq"
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
	var name string
	check(db.QueryRow("select name from items where id = $1", 2).Scan(&name))
	statement, err := db.Prepare("update items set price = $1 where id = $2")
	check(err)
	_, err = statement.Exec(7.5, 1)
	check(err)
	check(statement.Close())
	if _, err = db.Exec("select 1 / $1::int", 0); err == nil {
		log.Fatal("no error")
	}
	tx, err := db.Begin()
	check(err)
	_, err = tx.Exec("delete from items where id = 5")
	check(err)
	check(tx.Rollback())
}
