// Command jobmon-db makes every PC build of an Altiris/Symantec Deployment Server visible.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/command"
)

func main() {
	signal.Ignore(syscall.SIGPIPE) // a closed output is an error like others, and ends quietly
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code := command.Main(ctx, os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
