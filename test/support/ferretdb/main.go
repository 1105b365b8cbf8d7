// FerretDB for tests: a server of MongoDB's protocol that keeps its data in SQLite files.
//
//	ferretdb <address to listen on> <SQLite folder, such as file:/tmp/data/>
package main

import (
	"context"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: ferretdb <address> <SQLite folder>")
	}
	// It logs each command that fails; what a test does wrong it hears from its client.
	slog.SetLogLoggerLevel(slog.LevelError)

	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: os.Args[1]},
		Handler:   "sqlite",
		SQLiteURL: os.Args[2],
	})
	if err != nil {
		log.Fatal(err)
	}

	untilEnded, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := server.Run(untilEnded); err != nil {
		log.Fatal(err)
	}
}
