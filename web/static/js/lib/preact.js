// One door to the vendored Preact, so that its address is written once.
export {
  html,
  render,
  Component,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "/static/vendor/htm-3.1.1/preact-standalone.js";
