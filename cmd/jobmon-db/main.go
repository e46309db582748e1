// Command jobmon-db makes every PC build of an Altiris/Symantec Deployment Server visible.
package main

import "github.com/jobmon-db/jobmon-db/cmd/jobmon-db/command"

func main() { command.Program() }
