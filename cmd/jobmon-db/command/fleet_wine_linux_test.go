package command

import (
	"os"
	"regexp"

	"github.com/jobmon-db/jobmon-db/internal/fleet/natstest"
)

// gathered: a hub and the daemon of a site are services of one computer. The site publishes to the server in the hub,
// and what the hub has is what the site exports, to the byte.
func gathered(w *computer) {
	const hubData, copied, key = `C:\hub`, `C:\hub\sites\DS01`, `C:\ProgramData\jobmon-db\ds01.nk`
	if err := os.MkdirAll(w.C("ProgramData", "jobmon-db"), 0o755); err != nil {
		w.t.Fatal(err)
	}
	address := natstest.FreePorts(w.t, 1)[0]
	said := w.jobmondb(exitOK, []string{"fleet", "init", "--site", "DS01", "--key", key}).Stdout
	public := regexp.MustCompile(`(?m)^\s+(DS01 U\w{55})$`).FindStringSubmatch(said)
	if public == nil {
		w.t.Fatalf("no public key: %s", said)
	}
	w.configure(tryOut + "fleet: {site: DS01, nats: [nats://" + address + "], credentials: ds01.nk}\n")
	if err := os.Mkdir(w.C("hub"), 0o755); err != nil {
		w.t.Fatal(err)
	}
	write(w.t, w.C("hub", "jobmon-db.yaml"), "data_dir: "+hubData+"\nhub: {nats: embedded, listen: "+address+
		", sites: ["+public[1]+"]}\n")

	w.service(exitOK, "install", "is installed")
	w.service(exitUsage, `install --config C:\hub\jobmon-db.yaml`, "--name jobmon-db-hub") // not in the daemon's place
	w.service(exitOK, `install --name jobmon-db-hub --config C:\hub\jobmon-db.yaml`, "is installed", `modify  C:\hub `)
	w.service(exitOK, "start --name jobmon-db-hub", "runs.")
	w.service(exitOK, "start", "runs.")
	w.jobmondb(exitOK, []string{"check"}, "takes what DS01 publishes")
	status := []string{"fleet", "status", "--data-dir", hubData}
	shown := ""
	eventually(w.t, func() string { return "the hub has events of the site:\n" + shown }, func() bool {
		shown = w.Run(programPath, status...).Stdout
		return regexp.MustCompile(`(?m)^DS01 +8 +\d+ +\d+ +\d\d+ `).MatchString(shown)
	})
	w.service(exitOK, "stop", "is stopped")
	site := w.jobmondb(exitOK, []string{"export"}).Stdout
	got := ""
	eventually(w.t, func() string { return "both exports are the same: " + site + "\nand\n" + got }, func() bool {
		got = w.jobmondb(exitOK, []string{"export", "--data-dir", copied}).Stdout
		return got == site && got != ""
	})
	w.jobmondb(exitOK, []string{"status", "--data-dir", hubData}, "PC-0001")
	w.service(exitOK, "stop --name jobmon-db-hub", "is stopped")
	w.jobmondb(exitOK, []string{"verify", "--data-dir", copied})
	w.service(exitOK, "uninstall --name jobmon-db-hub --purge")
	if w.exists(hubData) {
		w.t.Error("the hub's data folder is still there")
	}
	w.service(exitOK, "uninstall --purge")
}
