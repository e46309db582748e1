package fleet

// siteSubjects are what the credential of a site must be allowed to use, and nothing more.
func siteSubjects(site string) (publish, subscribe []string) {
	stream := StreamOf(site)
	publish = []string{
		SubjectOf(site), BeatSubjectOf(site), GapInboxOf(site) + ".>",
		"$JS.API.STREAM.INFO." + stream, "$JS.API.STREAM.MSG.GET." + stream, "$JS.API.STREAM.PURGE." + stream,
	}
	return publish, []string{InboxOf(site) + ".>", GapSubjectOf(site)}
}
