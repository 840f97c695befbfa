// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20, SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ExactTransfer} from "./ExactTransfer.sol";

/// @title Markets on yes-or-no outcomes
/// @notice One unit of collateral is a complete set: one YES and one NO. A set can be taken apart and put together at any time before the end, so the collateral always
/// covers every payout. A constant-product maker (the founder's liquidity) sells and buys either side. A resolver names the outcome; it stands after a window in which
/// anybody may dispute it with a bond that grows with the collateral at stake; the arbiter, who is somebody else, then decides. A dispute that is not carried costs
/// its author the bond. An outcome that cannot be named is void: each side pays one half.
contract OutcomeMarket is ERC1155, ReentrancyGuardTransient {
    using ExactTransfer for IERC20;
    using SafeERC20 for IERC20;

    enum Outcome {
        open,
        yes,
        no,
        void_
    }

    /// @notice What a founder opens: `liquidity` in sets go to the maker's pool, `bond` is what a dispute costs
    /// at least (more if a twentieth of the collateral is more).
    struct Terms {
        IERC20 collateral;
        uint64 closes;
        uint64 window;
        uint32 feeBps;
        address resolver;
        address arbiter;
        uint256 bond;
        uint256 liquidity;
        string question;
    }

    struct Market {
        IERC20 collateral;
        uint64 closes;
        uint32 feeBps;
        address founder;
        uint64 settlesFrom;
        Outcome named;
        Outcome outcome;
        address resolver;
        uint64 window;
        bool disputed;
        address arbiter;
        address disputer;
        uint256 bond;
        uint256 yes;
        uint256 no;
        uint256 sets;
    }

    uint256 private constant LONGEST_SILENCE = 30 days;
    /// @notice A dispute costs at least this part of the collateral that it is about.
    uint256 public constant BOND_PART = 20;

    Market[] private _markets;
    /// @notice Collateral and bonds that belong to somebody and were not taken out, by token.
    mapping(IERC20 token => mapping(address => uint256)) public credit;

    /// @notice A market was opened.
    event Opened(uint256 indexed market, address indexed founder, Terms terms);
    /// @notice A set was taken apart (`sets` > 0) or put together (< 0).
    event Sets(uint256 indexed market, address indexed who, int256 sets);
    /// @notice A side was bought from the maker (`shares` > 0) or sold to it (< 0).
    event Traded(uint256 indexed market, address indexed who, bool yes, int256 shares, uint256 collateral);
    /// @notice The resolver named an outcome.
    event Named(uint256 indexed market, Outcome outcome, uint64 settlesFrom);
    /// @notice Somebody disputes it.
    event Disputed(uint256 indexed market, address indexed disputer);
    /// @notice The outcome stands.
    event Settled(uint256 indexed market, Outcome outcome);
    /// @notice Shares were paid out.
    event Redeemed(uint256 indexed market, address indexed who, uint256 collateral);

    error WrongTerms();
    error NoMarket(uint256 market);
    error MarketClosed(uint256 market);
    error StillOpen(uint256 market);
    error NotForYou(address caller);
    error TooMuch(uint256 wanted, uint256 limit);
    error TooLittle(uint256 got, uint256 limit);
    error WrongState(Outcome named, Outcome outcome);
    error TooEarly(uint64 from);
    error TooLate(uint64 until);
    error NothingToTake();

    constructor() ERC1155("") {}

    /// @notice Opens a market with the founder's liquidity: so many sets, both sides in the maker's pool.
    function open(Terms calldata terms) external nonReentrant returns (uint256 market) {
        if (
            terms.closes <= block.timestamp || terms.window == 0 || terms.window > 30 days || terms.feeBps > 500 || terms.resolver == address(0)
                || terms.arbiter == address(0) || terms.arbiter == terms.resolver || terms.bond == 0 || terms.liquidity < 1e3
        ) revert WrongTerms();
        market = _markets.length;
        Market storage m = _markets.push();
        (m.collateral, m.closes, m.window, m.feeBps) = (terms.collateral, terms.closes, terms.window, terms.feeBps);
        (m.founder, m.resolver, m.arbiter, m.bond) = (msg.sender, terms.resolver, terms.arbiter, terms.bond);
        (m.yes, m.no, m.sets) = (terms.liquidity, terms.liquidity, terms.liquidity);
        emit Opened(market, msg.sender, terms);
        terms.collateral.take(terms.liquidity);
    }

    /// @notice The id of a side's shares.
    function shareId(uint256 market, bool yes) public pure returns (uint256) {
        return 2 * market + (yes ? 0 : 1);
    }

    /// @notice Collateral in, a YES and a NO each out.
    function split(uint256 market, uint256 sets) external nonReentrant {
        Market storage m = _trading(market);
        m.sets += sets;
        m.collateral.take(sets);
        _give(market, msg.sender, true, sets);
        _give(market, msg.sender, false, sets);
        emit Sets(market, msg.sender, int256(sets));
    }

    /// @notice A YES and a NO each in, collateral out; possible until the outcome stands.
    function merge(uint256 market, uint256 sets) external nonReentrant {
        Market storage m = _market(market);
        if (m.outcome != Outcome.open) revert WrongState(m.named, m.outcome);
        m.sets -= sets;
        _burn(msg.sender, shareId(market, true), sets);
        _burn(msg.sender, shareId(market, false), sets);
        emit Sets(market, msg.sender, -int256(sets));
        m.collateral.safeTransfer(msg.sender, sets);
    }

    /// @notice What `collateral` buys of a side now, after the fee.
    function sharesFor(uint256 market, bool yes, uint256 collateral) public view returns (uint256) {
        Market storage m = _market(market);
        uint256 net = collateral - _fee(collateral, m.feeBps);
        (uint256 own, uint256 other) = yes ? (m.yes, m.no) : (m.no, m.yes);
        // own · other stays: what the buyer leaves of the own side is rounded up.
        return own + net - Math.mulDiv(own, other, other + net, Math.Rounding.Ceil);
    }

    /// @notice Buys shares of a side from the maker. The fee stays in the pool.
    function buy(uint256 market, bool yes, uint256 collateral, uint256 least) external nonReentrant returns (uint256 shares) {
        Market storage m = _trading(market);
        shares = sharesFor(market, yes, collateral);
        if (shares < least || shares == 0) revert TooLittle(shares, least);
        m.sets += collateral;
        (m.yes, m.no) = (m.yes + collateral, m.no + collateral);
        if (yes) m.yes -= shares;
        else m.no -= shares;
        emit Traded(market, msg.sender, yes, int256(shares), collateral);
        m.collateral.take(collateral);
        _give(market, msg.sender, yes, shares);
    }

    /// @notice What has to be sold of a side to get `collateral` out now, with the fee.
    function sharesToGet(uint256 market, bool yes, uint256 collateral) public view returns (uint256) {
        Market storage m = _market(market);
        uint256 gross = collateral + _fee(collateral, m.feeBps);
        (uint256 own, uint256 other) = yes ? (m.yes, m.no) : (m.no, m.yes);
        if (gross >= other) revert TooMuch(gross, other);
        return gross + Math.mulDiv(own, other, other - gross, Math.Rounding.Ceil) - own;
    }

    /// @notice Sells shares of a side to the maker for so much collateral.
    function sell(uint256 market, bool yes, uint256 collateral, uint256 most) external nonReentrant returns (uint256 shares) {
        Market storage m = _trading(market);
        if (collateral == 0) revert WrongTerms();
        shares = sharesToGet(market, yes, collateral);
        if (shares > most) revert TooMuch(shares, most);
        m.sets -= collateral;
        if (yes) (m.yes, m.no) = (m.yes + shares - collateral, m.no - collateral);
        else (m.no, m.yes) = (m.no + shares - collateral, m.yes - collateral);
        emit Traded(market, msg.sender, yes, -int256(shares), collateral);
        _burn(msg.sender, shareId(market, yes), shares);
        m.collateral.safeTransfer(msg.sender, collateral);
    }

    /// @notice The resolver names the outcome after the close. A resolver who is silent for thirty days lets anybody name it void.
    function name(uint256 market, Outcome outcome) external {
        Market storage m = _market(market);
        if (block.timestamp < m.closes) revert StillOpen(market);
        if (m.named != Outcome.open || outcome == Outcome.open) revert WrongState(m.named, m.outcome);
        bool silent = block.timestamp >= m.closes + LONGEST_SILENCE && outcome == Outcome.void_;
        if (msg.sender != m.resolver && !silent) revert NotForYou(msg.sender);
        m.named = outcome;
        m.settlesFrom = uint64(block.timestamp) + m.window;
        emit Named(market, outcome, m.settlesFrom);
    }

    /// @notice What a dispute costs now.
    function disputeBond(uint256 market) public view returns (uint256) {
        Market storage m = _market(market);
        return Math.max(m.bond, m.sets / BOND_PART);
    }

    /// @notice Disputes a named outcome within the window, with a bond of `disputeBond`. The resolver cannot dispute what it named.
    function dispute(uint256 market) external nonReentrant {
        Market storage m = _market(market);
        if (msg.sender == m.resolver) revert NotForYou(msg.sender);
        if (m.named == Outcome.open || m.outcome != Outcome.open || m.disputed) revert WrongState(m.named, m.outcome);
        if (block.timestamp >= m.settlesFrom) revert TooLate(m.settlesFrom);
        (m.disputed, m.disputer, m.bond) = (true, msg.sender, disputeBond(market));
        m.settlesFrom = uint64(block.timestamp + LONGEST_SILENCE);
        emit Disputed(market, msg.sender);
        m.collateral.take(m.bond);
    }

    /// @notice The arbiter decides a dispute. The bond goes back if the outcome changed, else to the resolver.
    function decide(uint256 market, Outcome outcome) external {
        Market storage m = _market(market);
        if (!m.disputed || m.outcome != Outcome.open || outcome == Outcome.open) revert WrongState(m.named, m.outcome);
        if (msg.sender != m.arbiter) revert NotForYou(msg.sender);
        credit[m.collateral][outcome != m.named ? m.disputer : m.resolver] += m.bond;
        _settle(market, m, outcome);
    }

    /// @notice Lets a named outcome stand once its window is over; a dispute that the arbiter leaves for thirty days makes it void. It was not carried then, and
    /// its bond goes to the resolver.
    function settle(uint256 market) external {
        Market storage m = _market(market);
        if (m.named == Outcome.open || m.outcome != Outcome.open) revert WrongState(m.named, m.outcome);
        if (block.timestamp < m.settlesFrom) revert TooEarly(m.settlesFrom);
        if (m.disputed) credit[m.collateral][m.resolver] += m.bond;
        _settle(market, m, m.disputed ? Outcome.void_ : m.named);
    }

    /// @notice Pays the caller's shares out: the right side 1 each; if void, 1/2 for either.
    function redeem(uint256 market) external nonReentrant returns (uint256 amount) {
        Market storage m = _market(market);
        if (m.outcome == Outcome.open) revert WrongState(m.named, m.outcome);
        uint256 yes = balanceOf(msg.sender, shareId(market, true));
        uint256 no = balanceOf(msg.sender, shareId(market, false));
        amount = _worth(m.outcome, yes, no);
        if (yes > 0) _burn(msg.sender, shareId(market, true), yes);
        if (no > 0) _burn(msg.sender, shareId(market, false), no);
        if (amount == 0) revert NothingToTake();
        m.sets -= amount;
        emit Redeemed(market, msg.sender, amount);
        m.collateral.safeTransfer(msg.sender, amount);
    }

    /// @notice Takes out bonds and what the maker's pool earned.
    function take(IERC20 token) external nonReentrant {
        uint256 amount = credit[token][msg.sender];
        if (amount == 0) revert NothingToTake();
        credit[token][msg.sender] = 0;
        token.safeTransfer(msg.sender, amount);
    }

    /// @notice How many markets there are.
    function markets() external view returns (uint256) {
        return _markets.length;
    }

    /// @notice What is known of a market.
    function marketOf(uint256 market) external view returns (Market memory) {
        return _market(market);
    }

    /// @notice The chance of YES as the maker sees it, in millionths.
    function chance(uint256 market) external view returns (uint256) {
        Market storage m = _market(market);
        return Math.mulDiv(m.no, 1e6, m.yes + m.no);
    }

    function _market(uint256 market) private view returns (Market storage) {
        if (market >= _markets.length) revert NoMarket(market);
        return _markets[market];
    }

    function _trading(uint256 market) private view returns (Market storage m) {
        m = _market(market);
        if (block.timestamp >= m.closes) revert MarketClosed(market);
    }

    function _fee(uint256 amount, uint256 bps) private pure returns (uint256) {
        return Math.ceilDiv(amount * bps, 10_000);
    }

    function _worth(Outcome outcome, uint256 yes, uint256 no) private pure returns (uint256) {
        return outcome == Outcome.yes ? yes : outcome == Outcome.no ? no : (yes + no) / 2;
    }

    function _settle(uint256 market, Market storage m, Outcome outcome) private {
        m.outcome = outcome;
        emit Settled(market, outcome);
        uint256 pool = _worth(outcome, m.yes, m.no);
        (m.yes, m.no) = (0, 0);
        m.sets -= pool;
        credit[m.collateral][m.founder] += pool;
    }

    /// @dev Without asking the receiver: shares are the caller's own doing.
    function _give(uint256 market, address to, bool yes, uint256 shares) private {
        if (shares == 0) revert WrongTerms();
        uint256[] memory ids = new uint256[](1);
        uint256[] memory amounts = new uint256[](1);
        (ids[0], amounts[0]) = (shareId(market, yes), shares);
        _update(address(0), to, ids, amounts);
    }
}
