package command

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestDemoOfAFleet: the hub has what the sites recorded, and knows them apart. A signal ends it cleanly.
func TestDemoOfAFleet(t *testing.T) {
	t.Parallel()
	skipShort(t)
	dir, err := os.MkdirTemp("", "demo") // a longer path has its sockets elsewhere
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	var out, messages pipe
	demo := exec.Command(os.Args[0], "demo", "--sites=2", "--speed=600", "--computers=2", "--data-dir="+dir)
	demo.Env = append(os.Environ(), asProgram+"=1")
	demo.Stdout, demo.Stderr = &out, &messages
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if demo.ProcessState == nil {
			demo.Process.Kill()
			demo.Wait()
		}
	})
	said := func() string { return out.String() + messages.String() }
	export := func(site string) string {
		return jobmondb(t, "export", "--data-dir="+filepath.Join(dir, "hub"), "--site="+site).stdout
	}
	for _, site := range []string{"Berlin", "Chicago"} {
		eventually(t, said, func() bool { return strings.Count(export(site), "\n") >= 20 })
	}
	for _, want := range []string{"2 made-up Deployment Servers", "http://127.0.0.1:", "Berlin   PC-0001", "Chicago  PC-0001"} {
		eventually(t, said, func() bool { return strings.Contains(out.String(), want) })
	}
	if err := demo.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := demo.Wait(); err != nil || !strings.Contains(out.String(), "Berlin/PC-0001") {
		t.Fatalf("%v: %s", err, said())
	}
	for _, site := range []string{"Berlin", "Chicago"} {
		original := jobmondb(t, "replay", "--data-dir="+filepath.Join(dir, site), "-o", "ndjson", "--fields=seq,at")
		if lines := strings.Count(export(site), "\n"); lines < 20 || lines > strings.Count(original.stdout, "\n") {
			t.Errorf("the hub has %d events of %s", lines, site)
		}
	}
	for _, n := range []string{"1", "10"} {
		if got := jobmondb(t, "demo", "--sites="+n, "--data-dir="+dir); got.code != exitUsage {
			t.Errorf("%+v", got)
		}
	}
}
