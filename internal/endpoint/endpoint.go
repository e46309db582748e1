// Package endpoint is the way on which commands reach the daemon on the same computer: HTTP/1.1 over a Unix socket,
// or over a named pipe on Windows. It carries requests and answers and knows nothing of what they say.
//
// # Where
//
// On Windows the pipe is \\.\pipe\jobmon-db-<16 hexadecimal digits>, from a hash of the data folder's absolute path
// in lower case; both sides must name that folder by the same path. SYSTEM, Administrators, the daemon's own account
// and those in endpoint.allow may connect, from this computer only; the ones in endpoint.allow cannot listen on the
// pipe beside the daemon. A second pipe, with "-admin" behind its name, leaves the accounts in endpoint.allow out:
// what changes the log or the daemon is accepted there alone. The name of a pipe belongs to the first program that
// creates it. A daemon that finds a name taken runs without the endpoint until it gets the name: see ErrTaken and
// Await. A client compares the owner of the pipe before it reads or sends anything: SYSTEM, Administrators, an
// account of a service, the asking user and the owner of the data folder are believed. Otherwise it returns
// ErrImpostor.
//
// Elsewhere the socket is endpoint.sock in the data folder, for the daemon's user alone (mode 0600). Where that path
// is too long for a socket it is in a folder jobmon-db-<hash> below /run/jobmon-db, which the systemd unit makes, or
// else below /tmp. That folder is used only when nobody but its owner may enter it, and the owner asks or owns the
// data folder. On Linux the client also compares the user that listens there.
//
// # The protocol
//
// On each connection the server speaks first: one line of ASCII,
//
//	jobmon-db/1 <log> <program version>\r\n
//
// in which <log> identifies the log, words that are not known are "-", and further words may come to be added. The
// number is the version of the protocol: it is raised when an older client would misunderstand, and who meets another
// number says so and hangs up. Then follows HTTP, one or more requests. A client that hears no greeting hangs up and
// dials again, with more patience each time: under Wine nobody accepts a pipe's first connection, and a daemon that
// stops accepts some that it does not serve. While it stops, a socket is gone already; a pipe stays, busy, until the
// last request has ended.
package endpoint

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// What a client's errors wrap; the text around says more.
var (
	// ErrNotRunning says that nobody listens; it is found out without waiting.
	ErrNotRunning = errors.New("no daemon runs on this data folder")
	// ErrDenied says that a daemon may run, but that this account must not ask it.
	ErrDenied = errors.New("the daemon may not be asked from here: " + deniedHint)
	// ErrImpostor says that another account listens than those that run daemons.
	ErrImpostor = errors.New("another program answers in the daemon's place")
	// ErrTaken says that somebody or something else has the place where the daemon would listen.
	ErrTaken = errors.New("its place is taken")
	// ErrProtocol says that the one who listens is another version of this program, or another program.
	ErrProtocol = errors.New("the daemon cannot be understood")
	// ErrSilent says that connections are accepted and not answered within the client's time.
	ErrSilent = errors.New("the daemon does not answer")
)

const (
	protocol    = 1
	protocolTag = "jobmon-db/"
	maxGreeting = 256 // bytes, with its end
)

// Greeting is what a server says of itself before it is asked anything.
type Greeting struct {
	Log     string // identifies the log
	Program string // version of the program
}

// line is the greeting on the wire. The words must be ASCII without space; an empty one is said as "-".
func (g Greeting) line() ([]byte, error) {
	line := protocolTag + strconv.Itoa(protocol)
	for _, word := range []string{g.Log, g.Program} {
		if strings.ContainsFunc(word, func(r rune) bool { return r <= ' ' || r > '~' }) || len(word) > 100 {
			return nil, fmt.Errorf(
				"%q cannot stand in a greeting: at most 100 ASCII characters without space can",
				word,
			)
		}
		if word == "" {
			word = "-"
		}
		line += " " + word
	}
	return []byte(line + "\r\n"), nil
}

// parseGreeting understands a line without its end.
func parseGreeting(line string) (Greeting, error) {
	words := append(strings.Fields(line), "-", "-", "-")
	number, ok := strings.CutPrefix(words[0], protocolTag)
	version, err := strconv.ParseUint(number, 10, 31)
	if !ok || err != nil || strings.ContainsFunc(line, unicode.IsControl) {
		return Greeting{}, fmt.Errorf("%w: another program answers (%.40q)", ErrProtocol, line)
	}
	for i, word := range words {
		if word == "-" {
			words[i] = ""
		}
	}
	g := Greeting{Log: words[1], Program: words[2]}
	switch {
	case version > protocol:
		err = fmt.Errorf("%w: it is newer (version %q, protocol %d) than this program; use the version that runs",
			ErrProtocol, g.Program, version)
	case version < protocol:
		err = fmt.Errorf("%w: it is older (version %q, protocol %d) than this program; restart it with this version",
			ErrProtocol, g.Program, version)
	}
	return g, err
}

// hashOf shortens a path for a name.
func hashOf(path string) string {
	sum := sha256.Sum256([]byte(path))
	return hex.EncodeToString(sum[:8])
}
