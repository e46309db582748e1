// Package live is the view in the terminal that follows what happens: the board of all computers, or one computer's
// screen. What it shows comes from a Feed; the drawing of a picture is client/term's, the terminal is bubbletea's.
package live

import (
	"context"
	"fmt"
	"io"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Update is what is known at one moment.
type Update struct {
	Pictures   []jobmon.Progress // all; nobody changes them any more
	Site       string            // name of the DS server, or what stands for several
	Offset     jobmon.Offset     // its UTC offset
	Now        jobmon.Instant    // the present by its clock, UTC
	Still      bool              // Now is past, and does not go on
	ReadAge    time.Duration     // how long ago the DS database was read, negative for unknown
	SourceLost bool              // it cannot be read now
	Trouble    string            // why this is not the present, "" when it is

	// Ahead is by how much the clocks of sites' servers are ahead of Now, where pictures are of several.
	Ahead map[string]time.Duration
}

// Feed finds out what is known now. It is asked again a second after it has answered, never twice at once, and gives
// up when ctx ends. What it cannot find out it says in Trouble, beside what was known last.
type Feed func(ctx context.Context) Update

// Options say what to show, and where.
type Options struct {
	Feed     Feed
	First    Update             // what is known at the beginning
	Computer jobmon.ComputerKey // begin with this computer's screen, when Name is not empty
	Name     string             // its name, for as long as it has no picture

	Look   term.Options // colours and zone; the width is the terminal's
	In     io.Reader    // keys
	Out    io.Writer    // the terminal
	Env    []string     // the environment, which names the terminal's kind
	Height int          // lines of the terminal at the beginning
}

// Run shows the view until the user quits or ctx ends; neither is an error. The terminal is as it was afterwards, also
// when something breaks.
func Run(ctx context.Context, o Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	program := tea.NewProgram(newModel(ctx, o, time.Now()), tea.WithInput(o.In), tea.WithOutput(o.Out),
		tea.WithEnvironment(o.Env), tea.WithoutSignalHandler())
	defer context.AfterFunc(ctx, program.Quit)()
	if _, err := program.Run(); err != nil {
		return fmt.Errorf("show the view on this terminal: %w", err)
	}
	return nil
}
