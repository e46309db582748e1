//go:build !windows

package main

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// A command starts for every question, so no package of ours may prepare at its start what few commands need. Bytes
// allocated do not depend on the machine: a regular expression with {1,300} of all letters once took 23 MB and half of
// the start.
func TestStartPreparesLittle(t *testing.T) {
	command := exec.Command(os.Args[0], "help")
	command.Env = append(os.Environ(), asProgram+"=1", "GODEBUG=inittrace=1")
	var said strings.Builder
	command.Stderr = &said
	if err := command.Run(); err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	inits := regexp.MustCompile(`(?m)^init (\S*jobmon-db/\S+) .* (\d+) bytes`).FindAllStringSubmatch(said.String(), -1)
	if len(inits) == 0 {
		t.Fatalf("no package of ours is named in\n%s", said.String())
	}
	for _, of := range inits {
		if bytes, err := strconv.Atoi(of[2]); err != nil || bytes > 500_000 {
			t.Errorf("package %s allocates %s bytes at the start", of[1], of[2])
		}
	}
}
