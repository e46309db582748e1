package command

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/winservice"
)

func (s *setup) hostHere() host { return &windowsHost{s} }

// sameOwner does nothing: on Windows the installation of the service sets the rights.
func sameOwner(*os.File, fs.FileInfo) error { return nil }

// windowsHost is the service manager of Windows.
type windowsHost struct{ *setup }

func (h *windowsHost) name() string                  { return "the service " + winservice.DefaultName }
func (h *windowsHost) account() string               { return "" } // the installation lets it read the file
func (h *windowsHost) prepare(context.Context) error { return nil }

func (h *windowsHost) install(ctx context.Context, config *configs.Config, file string) error {
	return h.app.install(ctx, h.serviceInstall(), installOptions{name: winservice.DefaultName}, config, file)
}

// start starts the service anew, so that it has what is configured now.
func (h *windowsHost) start(ctx context.Context) error {
	stopping, cancel := context.WithTimeout(ctx, stopWithin)
	defer cancel()
	if _, err := winservice.Stop(stopping, winservice.DefaultName); err != nil {
		return err
	}
	starting, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	if err := h.startService(starting, winservice.DefaultName); err != nil {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
		defer cancel()
		_, failed := winservice.Stop(stopping, winservice.DefaultName)
		return errors.Join(err, failed)
	}
	return nil
}
