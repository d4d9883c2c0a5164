package rest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"busker/emulator/discord"
	"busker/emulator/rest"
	"busker/emulator/world"
	"busker/internal/bubble"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// desk is a REST server over a guild with a bot and a person.
type desk struct {
	*world.World
	server *rest.Server
	bot    world.App
	guild  discord.ID
	text   discord.ID
	ann    discord.ID
}

type gateway struct{}

func (gateway) URL() string { return "ws://gateway" }

func (gateway) Starts(discord.ID) rest.Starts {
	return rest.Starts{Shards: 3, Total: 1000, Remaining: 998, ResetAfter: time.Hour, MaxConcurrency: 16}
}

func newDesk(t *testing.T, limits rest.Limits) *desk {
	t.Helper()
	d := &desk{World: world.New(world.Options{FileURL: "http://cdn", MaxFile: 1000})}
	d.server = rest.New(rest.Options{World: d.World, Gateway: gateway{}, Limits: limits})
	d.bot = d.AddApp("busker", false)
	d.guild = d.World.AddGuild("Square").ID
	d.AddBot(d.guild, d.bot, 0)
	c, err := d.AddChannel(d.guild, discord.Channel{Name: "songs"})
	if err != nil {
		t.Fatal(err)
	}
	d.text = c.ID
	ann := d.AddUser("ann")
	d.AddMember(d.guild, ann)
	d.ann = ann.ID
	return d
}

// answer is a response, read.
type answer struct {
	status int
	header http.Header
	body   map[string]any
	text   string
}

// do sends a request; {guild}, {text}, {bot} in the path are filled in. The status
// is 0 when the server hangs up.
func (d *desk) do(t *testing.T, method, path, body string, header ...string) (a answer) {
	t.Helper()
	path = strings.NewReplacer("{guild}", d.guild.String(), "{text}", d.text.String(), "{bot}", d.bot.User.ID.String()).Replace(path)
	req := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	req.Header.Set("Authorization", "Bot "+d.bot.Token)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	defer func() {
		r := recover()
		if err, ok := r.(error); r != nil && (!ok || !errors.Is(err, http.ErrAbortHandler)) {
			panic(r)
		}
	}()
	got := httptest.NewRecorder()
	d.server.ServeHTTP(got, req)
	a = answer{status: got.Code, header: got.Header(), text: got.Body.String()}
	_ = json.Unmarshal(got.Body.Bytes(), &a.body) // lists and files are no objects
	return a
}

func TestAnswers(t *testing.T) {
	d := newDesk(t, rest.Limits{Global: 1000})
	m, err := d.CreateMessage(d.ann, d.text, discord.MessageBody{Content: discord.Field[string]{Set: true, Value: "hers"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, method, path, body string
		status                   int
		want                     string
	}{
		{"version 10", "GET", "/api/v10/users/@me", "", 200, `"username":"busker"`},
		{"version 9", "GET", "/api/v9/users/@me", "", 200, `"bot":true`},
		{"no version", "GET", "/api/users/@me", "", 200, `"username":"busker"`},
		{"gateway", "GET", "/api/gateway", "", 200, `{"url":"ws://gateway"}`},
		{"gateway of a bot", "GET", "/api/v10/gateway/bot", "", 200, `"session_start_limit":{"max_concurrency":16,"remaining":998,"reset_after":3600000,"total":1000},"shards":3`},
		{"application", "GET", "/api/v10/oauth2/applications/@me", "", 200, `"name":"busker"`},
		{"guild", "GET", "/api/v10/guilds/{guild}", "", 200, `"name":"Square"`},
		{"channels", "GET", "/api/v10/guilds/{guild}/channels", "", 200, `"name":"songs"`},
		{"roles", "GET", "/api/v10/guilds/{guild}/roles", "", 200, `"name":"@everyone"`},
		{"members", "GET", "/api/v10/guilds/{guild}/members?limit=10", "", 200, `"username":"ann"`},
		{"too many members", "GET", "/api/v10/guilds/{guild}/members?limit=1001", "", 400, `"limit":{"_errors":[{"code":"NUMBER_TYPE_RANGE"`},
		{"member", "GET", "/api/v10/guilds/{guild}/members/{bot}", "", 200, `"joined_at"`},
		{"unknown member", "GET", "/api/v10/guilds/{guild}/members/1", "", 404, `"code":10007`},
		{"unknown guild", "GET", "/api/v10/guilds/1", "", 404, `{"code":10004,"message":"Unknown Guild"}`},
		{"no id", "GET", "/api/v10/guilds/x", "", 400, `"guild_id":{"_errors":[{"code":"NUMBER_TYPE_COERCE"`},
		{"unknown channel", "GET", "/api/v10/channels/1", "", 404, `{"code":10003,"message":"Unknown Channel"}`},
		{"unknown message", "GET", "/api/v10/channels/{text}/messages/1", "", 404, `{"code":10008,"message":"Unknown Message"}`},
		{"unknown route", "GET", "/api/v10/soup", "", 404, `{"code":0,"message":"404: Not Found"}`},
		{"message", "GET", "/api/v10/channels/{text}/messages/" + m.ID.String(), "", 200, `"content":"hers"`},
		{"messages", "GET", "/api/v10/channels/{text}/messages", "", 200, `"content":"hers"`},
		{"create", "POST", "/api/v10/channels/{text}/messages", `{"content":"mine"}`, 200, `"content":"mine"`},
		{"create nothing", "POST", "/api/v10/channels/{text}/messages", `{}`, 400, `{"code":50006,"message":"Cannot send an empty message"}`},
		{"create nonsense", "POST", "/api/v10/channels/{text}/messages", `{"content":`, 400, `"code":50109`},
		{"create a number", "POST", "/api/v10/channels/{text}/messages", `{"flags":"x"}`, 400, `"flags":{"_errors"`},
		{"edit another's", "PATCH", "/api/v10/channels/{text}/messages/" + m.ID.String(), `{"content":"x"}`, 403, `"code":50005`},
		{"delete another's", "DELETE", "/api/v10/channels/{text}/messages/" + m.ID.String(), "", 403, `{"code":50013,"message":"Missing Permissions"}`},
		{"typing", "POST", "/api/v10/channels/{text}/typing", "", 204, ""},
		{"commands of another", "GET", "/api/v10/applications/1/commands", "", 403, `"code":20012`},
		{"commands", "PUT", "/api/v10/applications/{bot}/commands", `[{"name":"play","description":"d"}]`, 200, `"name":"play"`},
		{"bad commands", "PUT", "/api/v10/applications/{bot}/commands", `[{"name":"P","description":"d"}]`, 400, `"errors":{"0":{"name":{"_errors":[{"code":"APPLICATION_COMMAND_INVALID_NAME"`},
		{"new command", "POST", "/api/v10/applications/{bot}/guilds/{guild}/commands", `{"name":"stop","description":"d"}`, 201, `"guild_id":`},
		{"same command", "POST", "/api/v10/applications/{bot}/guilds/{guild}/commands", `{"name":"stop","description":"e"}`, 200, `"description":"e"`},
		{"commands elsewhere", "GET", "/api/v10/applications/{bot}/guilds/1/commands", "", 403, `{"code":50001,"message":"Missing Access"}`},
		{"callback into the void", "POST", "/api/v10/interactions/1/x/callback", `{"type":5}`, 404, `{"code":10062,"message":"Unknown interaction"}`},
		{"webhook into the void", "POST", "/api/v10/webhooks/{bot}/x", `{"content":"x"}`, 404, `"code":10015`},
		{"no voice state", "GET", "/api/v10/guilds/{guild}/voice-states/@me", "", 404, `"code":10065`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := d.do(t, tt.method, tt.path, tt.body)
			if a.status != tt.status || !strings.Contains(a.text, tt.want) {
				t.Errorf("%d %s\nwant %d … %s", a.status, a.text, tt.status, tt.want)
			}
		})
	}
	if a := d.do(t, "GET", "/api/v10/users/@me", "", "Authorization", d.bot.Token); a.status != 401 {
		t.Errorf("a token that is not said to be a bot's: %d", a.status)
	}
	if a := d.do(t, "GET", "/api/v10/users/@me", "", "Authorization", "Bot x"); a.status != 401 || a.text != `{"code":0,"message":"401: Unauthorized"}`+"\n" {
		t.Errorf("a wrong token: %d %s", a.status, a.text)
	}
}

func TestCommandsAreEditedInPart(t *testing.T) {
	d := newDesk(t, rest.Limits{})
	made := d.do(t, "POST", "/api/v10/applications/{bot}/commands", `{"name":"play","description":"d","options":[{"type":3,"name":"q","description":"d"}]}`)
	path := "/api/v10/applications/{bot}/commands/" + made.body["id"].(string)
	edited := d.do(t, "PATCH", path, `{"description":"better"}`)
	if edited.status != 200 || edited.body["description"] != "better" || edited.body["id"] != made.body["id"] || len(edited.body["options"].([]any)) != 1 {
		t.Errorf("%d %s", edited.status, edited.text)
	}
	if a := d.do(t, "PATCH", path, `{"name":"Not Good"}`); a.status != 400 {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := d.do(t, "DELETE", path, ""); a.status != 204 {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := d.do(t, "GET", path, ""); a.body["code"] != 10063.0 {
		t.Errorf("%d %s", a.status, a.text)
	}
}

func TestInteractionWithResponse(t *testing.T) {
	d := newDesk(t, rest.Limits{})
	i, err := d.Do(world.Act{User: d.ann, Channel: d.text, Application: d.bot.User.ID, Type: discord.CommandInteraction, Data: discord.CommandData{Name: "play", Type: 1}})
	if err != nil {
		t.Fatal(err)
	}
	callback := "/api/v10/interactions/" + i.ID.String() + "/" + i.Token + "/callback"
	hook := "/api/v10/webhooks/{bot}/" + i.Token
	// No bot token is needed: the interaction's own is in the path.
	a := d.do(t, "POST", callback+"?with_response=true", `{"type":4,"data":{"content":"hi","flags":64}}`, "Authorization", "")
	in, _ := a.body["interaction"].(map[string]any)
	resource, _ := a.body["resource"].(map[string]any)
	message, _ := resource["message"].(map[string]any)
	if a.status != 200 || in["response_message_ephemeral"] != true || message["content"] != "hi" || message["id"] != in["response_message_id"] {
		t.Fatalf("%d %s", a.status, a.text)
	}
	press, err := d.Do(world.Act{User: d.ann, Channel: d.text, Application: d.bot.User.ID, Type: discord.ModalInteraction, Data: discord.ModalData{CustomID: "form"}})
	if err != nil {
		t.Fatal(err)
	}
	a = d.do(t, "POST", "/api/v10/interactions/"+press.ID.String()+"/"+press.Token+"/callback?with_response=true", `{"type":4,"data":{"content":"hi"}}`)
	if in, _ := a.body["interaction"].(map[string]any); in["type"] != 5.0 {
		t.Errorf("the answer to a form is of %s", a.text)
	}
	if a := d.do(t, "POST", callback, `{"type":5}`); a.status != 400 || a.body["code"] != 40060.0 {
		t.Errorf("twice: %d %s", a.status, a.text)
	}
	if a := d.do(t, "GET", hook+"/messages/@original", ""); a.body["content"] != "hi" {
		t.Errorf("original: %s", a.text)
	}
	more := d.do(t, "POST", hook, `{"content":"more"}`)
	if a := d.do(t, "PATCH", hook+"/messages/"+more.body["id"].(string), `{"content":"less"}`); a.body["content"] != "less" {
		t.Errorf("follow-up edited: %s", a.text)
	}
	if a := d.do(t, "DELETE", hook+"/messages/@original", ""); a.status != 204 {
		t.Errorf("original deleted: %d %s", a.status, a.text)
	}
	if a := d.do(t, "GET", hook+"/messages/@original", ""); a.body["code"] != 10008.0 {
		t.Errorf("original gone: %s", a.text)
	}
}

func TestFiles(t *testing.T) {
	d := newDesk(t, rest.Limits{})
	upload := func(data []byte) answer {
		t.Helper()
		var b bytes.Buffer
		form := multipart.NewWriter(&b)
		part, err := form.CreateFormFile("files[0]", "cover art.png")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := form.WriteField("payload_json", `{"flags":32768,"attachments":[{"id":"0","description":"a cover"}],
			"components":[{"type":12,"items":[{"media":{"url":"attachment://cover art.png"}}]}]}`); err != nil {
			t.Fatal(err)
		}
		if err := form.Close(); err != nil {
			t.Fatal(err)
		}
		return d.do(t, "POST", "/api/v10/channels/{text}/messages", b.String(), "Content-Type", form.FormDataContentType())
	}
	a := upload([]byte("0123456789"))
	var m discord.Message
	if err := json.Unmarshal([]byte(a.text), &m); err != nil || a.status != 200 || len(m.Attachments) != 1 {
		t.Fatalf("%d %s", a.status, a.text)
	}
	file := m.Attachments[0]
	if file.Filename != "cover_art.png" || file.Description != "a cover" || file.Size != 10 {
		t.Errorf("attachment %+v", file)
	}
	if shown := m.Components[0].Items[0].Media; shown.URL != file.URL || shown.AttachmentID != file.ID {
		t.Errorf("the component shows %+v", shown)
	}
	if got := d.do(t, "GET", file.URL, "", "Range", "bytes=3-5"); got.status != 206 || got.text != "345" {
		t.Errorf("a part: %d %q", got.status, got.text)
	}
	if got := d.do(t, "GET", file.URL+"x", ""); got.status != 404 {
		t.Errorf("another name: %d", got.status)
	}
	if a := upload(make([]byte, 1001)); a.status != 413 || a.body["code"] != 40005.0 {
		t.Errorf("too large: %d %s", a.status, a.text)
	}
}

func TestRouteLimit(t *testing.T) { bubble.Test(t, testRouteLimit) }

func testRouteLimit(t *testing.T) {
	d := newDesk(t, rest.Limits{Routes: map[string]rest.Limit{"GET /channels/{channel}": {Requests: 2, Per: 100 * time.Millisecond}}})
	get := func() answer { return d.do(t, "GET", "/api/v10/channels/{text}", "") }
	first := get()
	for name, want := range map[string]string{"X-Ratelimit-Limit": "2", "X-Ratelimit-Remaining": "1"} {
		if got := first.header.Get(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	after, err := strconv.ParseFloat(first.header.Get("X-Ratelimit-Reset-After"), 64)
	if err != nil || after <= 0 || after > 0.1 || first.header.Get("X-Ratelimit-Bucket") == "" || first.header.Get("X-Ratelimit-Reset") == "" {
		t.Errorf("headers %v", first.header)
	}
	get()
	a := get()
	wait, _ := a.body["retry_after"].(float64)
	if a.status != 429 || a.body["global"] != false || wait <= 0 || wait > 0.1 || a.header.Get("Retry-After") != "1" || a.header.Get("X-Ratelimit-Scope") != "user" {
		t.Errorf("%d %s %v", a.status, a.text, a.header)
	}
	if other := d.do(t, "GET", "/api/v10/channels/1", ""); other.status != 404 {
		t.Errorf("another channel has its own limit: %d", other.status)
	}
	time.Sleep(time.Duration(wait * float64(time.Second))) //nolint:forbidigo // the clock is synctest's
	if a := get(); a.status != 200 {
		t.Errorf("after waiting %v s: %d", wait, a.status)
	}
}

func TestGlobalLimit(t *testing.T) { bubble.Test(t, testGlobalLimit) }

func testGlobalLimit(t *testing.T) {
	d := newDesk(t, rest.Limits{Global: 3})
	var a answer
	for range 4 {
		a = d.do(t, "GET", "/api/v10/users/@me", "")
	}
	if a.status != 429 || a.body["global"] != true || a.header.Get("X-Ratelimit-Global") != "true" || a.header.Get("X-Ratelimit-Scope") != "global" {
		t.Errorf("%d %s %v", a.status, a.text, a.header)
	}
	// Interactions are answered all the same.
	if a := d.do(t, "POST", "/api/v10/interactions/1/x/callback", `{"type":5}`); a.status != 404 {
		t.Errorf("a callback: %d", a.status)
	}
}

func TestFaults(t *testing.T) {
	d := newDesk(t, rest.Limits{})
	d.server.Fail(rest.Fault{Route: "GET /users/@me", Status: 503, Times: 2})
	d.server.Fail(rest.Fault{Route: "GET /users/@me"})
	want := []int{503, 503, 0, 200}
	for n, status := range want {
		if a := d.do(t, "GET", "/api/v10/users/@me", ""); a.status != status {
			t.Errorf("request %d: %d %s", n, a.status, a.text)
		}
	}
}

func FuzzBody(f *testing.F) {
	f.Add("application/json", `{"content":"x"}`)
	f.Add("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"files[0]\"; filename=\"a\"\r\n\r\nx\r\n--b--\r\n")
	f.Add("multipart/form-data", "--")
	w := world.New(world.Options{})
	app := w.AddApp("busker", false)
	guild := w.AddGuild("g").ID
	w.AddBot(guild, app, 0)
	c, err := w.AddChannel(guild, discord.Channel{Name: "c"})
	if err != nil {
		f.Fatal(err)
	}
	s := rest.New(rest.Options{World: w, Gateway: gateway{}, Limits: rest.Limits{
		Global: 1 << 30, Routes: map[string]rest.Limit{"POST /channels/{channel}/messages": {Requests: 1 << 30, Per: time.Hour}},
	}})
	f.Fuzz(func(t *testing.T, kind, body string) {
		req := httptest.NewRequest(http.MethodPost, "/api/v10/channels/"+c.ID.String()+"/messages", strings.NewReader(body))
		req.Header.Set("Content-Type", kind)
		req.Header.Set("Authorization", "Bot "+app.Token)
		got := httptest.NewRecorder()
		s.ServeHTTP(got, req)
		if got.Code != 200 && got.Code != 400 && got.Code != 413 || !json.Valid(got.Body.Bytes()) {
			t.Errorf("%d %s", got.Code, got.Body)
		}
	})
}
