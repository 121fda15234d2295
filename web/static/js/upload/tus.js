// The vendored tus client is a classic script that leaves `tus` on the window: fetched once, when the first upload begins.

let ready = null;

/** @returns {Promise<any>} the tus-js-client library */
export function loadTus() {
  ready ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = `/static/vendor/tus-js-client-4.3.1/tus.min.js${new URL(import.meta.url).search}`;
    script.onload = () => resolve(/** @type {any} */ (window).tus);
    script.onerror = () => {
      ready = null;
      reject(new Error("Homeroll cannot be reached."));
    };
    document.head.append(script);
  });
  return ready;
}
