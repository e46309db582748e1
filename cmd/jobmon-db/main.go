// Command jobmon-db makes every PC build of an Altiris/Symantec Deployment Server visible.
package main

import (
	_ "time/tzdata" // Windows has no zones by IANA names (source.start_time_zone)

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/command"
)

func main() { command.Program() }
