// Search in a site that is opened from disk: browsers refuse a Worker there, so its script runs in a hidden frame.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      frame.srcdoc = "<!doctype html>";
      const loaded = new Promise((done) => frame.addEventListener("load", done, { once: true }));
      this.inside = loaded.then(() => {
        const { contentWindow: inside, contentDocument: page } = frame;
        inside.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
        const script = page.createElement("script");
        script.src = url;
        page.body.append(script);
        return new Promise((done) => script.addEventListener("load", () => done(inside), { once: true }));
      });
      document.body.append(frame);
    }

    postMessage(data) {
      this.inside.then((inside) => inside.dispatchEvent(new MessageEvent("message", { data })));
    }
  };
}
